/**
 * tfjs-core's own specs on our backend. conformance.test.ts bundles this file and runs it in a
 * process of its own; the order of the imports matters.
 */
import { jasmine } from './jasmine.js';
import './register.js';
import '@tensorflow/tfjs-core/dist/tests.js';
import { nativeBackend } from '../network/backends.js';
import { excluded } from './excluded.js';

export interface Report {
  passed: number;
  pending: number;
  excluded: number;
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
  failures: [],
  overall: '',
  fallbacks: [],
};
const only = process.argv[2];
const reasons = new Map(excluded);

jasmine.configure({
  random: false,
  specFilter: (spec) => {
    const name = spec.getFullName();
    return !reasons.has(name) && (only === undefined || name.includes(only));
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
    const counts = nativeBackend()?.fallbacks ?? [];
    report.fallbacks = [...counts].sort((a, b) => b[1] - a[1]);
    if (process.send) process.send(report, () => process.exit());
    else console.log(JSON.stringify(report, null, 2));
  },
});
jasmine.execute();
