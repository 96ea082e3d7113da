import { createRequire } from 'node:module';
import type { Builder } from 'junit-report-builder';
import { printable } from '../../system/file-names.js';
import { CHECKS, type CheckName } from './checks.js';
import type { Finding } from './finding.js';

// Its types call the builder the default of a default, which it is not at run time.
const reports: Builder = createRequire(import.meta.url)('junit-report-builder');

/** A test suite for each network with a test for each check, as CI servers read them. */
export function junitXml(findings: readonly Finding[]): string {
  const report = reports.newBuilder();
  for (const { arch, checks, seconds = 0 } of findings) {
    const suite = report.testSuite().name(arch);
    for (const name of Object.keys(CHECKS) as CheckName[]) {
      const test = suite.testCase().className(`cnn.smoke.${arch}`).name(CHECKS[name]);
      // The time of all checks is given with the first.
      test.time(name === 'training' ? seconds : 0);
      const problem = checks[name];
      if (problem === undefined) test.skipped();
      else if (problem !== null) test.failure(printable(problem));
    }
  }
  return report.build();
}
