/**
 * tfjs-core's own specs on our backend. conformance.test.ts bundles this file and runs it in a
 * process of its own; the order of the imports matters.
 */
import { jasmine } from './jasmine.js';
import './register.js';
import '@tensorflow/tfjs-core/dist/tests.js';
import { nativeBackend } from '../network/backends.js';
import { excluded } from './excluded.js';
import { excludedOnTensorflow } from './excluded-on-tensorflow.js';

export interface Report {
  passed: number;
  pending: number;
  excluded: number;
  /** Exclusions that no spec has. */
  unused: string[];
  failures: string[];
  /** 'passed', or not where something outside a spec failed. */
  overall: string;
  /** CPU fallbacks taken, most frequent first. */
  fallbacks: [string, number][];
}

const report: Report = {
  passed: 0,
  pending: 0,
  excluded: 0,
  unused: [],
  failures: [],
  overall: '',
  fallbacks: [],
};
const only = process.argv[2];
const exclusions =
  process.env['CNN_TEST_BACKEND'] === 'tensorflow'
    ? excludedOnTensorflow.map(([names]) => names)
    : excluded.map(([name]) => ({
        source: name,
        // The emulated GPU has kernels of its own, and the same exclusions.
        test: (spec: string) => spec.replace(' cuda {}', ' onednn {}') === name,
      }));
const used = new Set<string>();

jasmine.configure({
  random: false,
  specFilter: (spec) => {
    const name = spec.getFullName();
    const exclusion = exclusions.find((names) => names.test(name));
    if (exclusion) used.add(exclusion.source);
    return !exclusion && (only === undefined || name.includes(only));
  },
});
jasmine.addReporter({
  specDone: ({ status, fullName, failedExpectations }) => {
    if (status !== 'failed') {
      report[status]++;
      return;
    }
    const messages = failedExpectations.map(({ message, stack }) => `${message}\n${stack ?? ''}`);
    report.failures.push(`${fullName}\n${messages.join('\n')}`);
  },
  jasmineDone: (result) => {
    report.overall = result.overallStatus;
    report.unused = exclusions.map(({ source }) => source).filter((name) => !used.has(name));
    const counts = nativeBackend()?.fallbacks ?? [];
    report.fallbacks = [...counts].sort((a, b) => b[1] - a[1]);
    if (process.send) process.send(report, () => process.exit());
    else print(result.overallStatus === 'passed');
  },
});

/** Where no other process waits for the report, ended by the line that test/reporter.cjs writes. */
function print(passed: boolean): void {
  console.log(JSON.stringify(report, null, 2));
  console.log(`${report.passed} passed, ${report.failures.length} failed`);
  process.exit(passed ? 0 : 1);
}

jasmine.execute();
