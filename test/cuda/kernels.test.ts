/** Runs the tests of the CPU's kernels again, on the emulated GPU. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { emulatedOrSkip } from './emulated.js';

const MOCHA = join(PACKAGE_ROOT, 'node_modules/mocha/bin/mocha.js');

/** The rest of test/backend takes minutes there: `npm run test:cuda` runs it. */
const TESTS = [
  'batch-norm',
  'binary',
  'decode',
  'joined-maps',
  'layout',
  'lrn',
  'matmul',
  'pool',
  'reduce',
  'training-kernels',
  'unary',
].map((name) => join(PACKAGE_ROOT, `test/backend/${name}.test.ts`));

describe('the kernels of CUDA', function () {
  this.timeout(300_000);
  before(function () {
    emulatedOrSkip(this);
  });

  it('compute what those of the CPU compute', async () => {
    const options = ['--no-config', '--import=tsx', '--timeout=120000', '--reporter=dot'];
    const env = { ...process.env, CNN_TEST_BACKEND: 'cuda', CNN_CUDA_EMULATED: '1' };
    const run = promisify(execFile)(process.execPath, [MOCHA, ...options, ...TESTS], {
      cwd: PACKAGE_ROOT,
      env,
    });
    const { stdout } = await run.catch((error) => assert.fail(`${error.stdout}${error.stderr}`));
    assert.match(stdout, /\d{3} passing/);
    assert.doesNotMatch(stdout, /pending/);
  });
});
