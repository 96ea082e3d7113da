import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { bundleSpecs } from './bundle.js';
import { excluded } from './excluded.js';
import type { Report } from './run.js';

/** Two more of tfjs-core's specs are about backends named `cpu` only. */
const SPECS = 4230;

/** One folder deep like src, so that the addon is found from it. */
const BUNDLE = join(PACKAGE_ROOT, 'build/conformance.mjs');

/** Runs the bundle in a process of its own: jasmine's globals are mocha's. */
function run(environment: Record<string, string>): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(BUNDLE, {
      execArgv: [],
      silent: true,
      env: { ...process.env, ...environment },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output = (output + chunk).slice(-2000);
      });
    }
    child.on('message', (report) => resolve(report as Report));
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`The specs ended with code ${code}.\n${output}`)));
  });
}

describe("tfjs-core's own specs on our backend", function () {
  this.timeout(300_000);
  before(() => bundleSpecs(BUNDLE));

  // Each has its own kernels, and amx is no limit.
  for (const isa of ['amx', 'avx2', 'generic']) {
    it(`all pass with instructions up to ${isa}`, async () => {
      const report = await run({ CNN_MAX_ISA: isa });
      const { passed, pending, failures, overall } = report;
      const fallbacks = report.fallbacks.reduce((sum, [, count]) => sum + count, 0);
      console.log(
        `      ${passed} passed, ${pending} pending in tfjs-core, ${report.excluded} excluded, ` +
          `${failures.length} failed; ${fallbacks} kernel calls fell back to tfjs-backend-cpu`,
      );
      assert.deepEqual(failures, []);
      assert.equal(overall, 'passed');
      assert.equal(report.excluded, excluded.length);
      assert.equal(passed + pending + report.excluded, SPECS);
    });
  }

  it('are excluded by name and with a reason only', () => {
    for (const [name, reason] of excluded) assert.ok(name.length > 0 && reason.length > 10, name);
    assert.equal(new Set(excluded.map(([name]) => name)).size, excluded.length);
  });
});
