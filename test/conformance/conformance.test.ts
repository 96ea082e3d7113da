import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { emulatedOrSkip } from '../cuda/emulated.js';
import { tensorflowOrSkip } from '../network/backends.js';
import { bundleSpecs } from './bundle.js';
import { excluded } from './excluded.js';
import { excludedOnTensorflow } from './excluded-on-tensorflow.js';
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

describe("tfjs-core's own specs", function () {
  this.timeout(300_000);
  before(() => bundleSpecs(BUNDLE));

  // Each has its own kernels, and amx is no limit.
  for (const isa of ['amx', 'avx2', 'generic']) {
    it(`all pass on our backend with instructions up to ${isa}`, async () => {
      const report = await run({ CNN_MAX_ISA: isa });
      assertPassed(report, excluded.length);
    });
  }

  it('all pass on an emulated GPU', async function () {
    emulatedOrSkip(this);
    const report = await run({ CNN_TEST_BACKEND: 'cuda', CNN_CUDA_EMULATED: '1' });
    assertPassed(report, excluded.length);
  });

  it("all pass on TensorFlow's library", async function () {
    await tensorflowOrSkip(this);
    assertPassed(await run({ CNN_TEST_BACKEND: 'tensorflow' }), 274);
  });

  it('are excluded by name and with a reason only', () => {
    for (const [name, reason] of excluded) assert.ok(name.length > 0 && reason.length > 10, name);
    for (const [name, reason] of excludedOnTensorflow) assert.ok(reason.length > 10, name.source);
  });
});

function assertPassed(report: Report, exclusions: number): void {
  const { passed, pending, failures, overall } = report;
  const fallbacks = report.fallbacks.reduce((sum, [, count]) => sum + count, 0);
  console.log(
    `      ${passed} passed, ${pending} pending in tfjs-core, ${report.excluded} excluded, ` +
      `${failures.length} failed; ${fallbacks} kernel calls fell back to tfjs-backend-cpu`,
  );
  assert.deepEqual(failures, []);
  assert.equal(overall, 'passed');
  assert.deepEqual(report.unused, [], 'exclusions of no spec');
  assert.equal(report.excluded, exclusions);
  assert.equal(passed + pending + report.excluded, SPECS);
}
