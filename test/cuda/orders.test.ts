/** The bits of results do not depend on the order in which a GPU runs blocks, warps and lanes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { emulatedOrSkip } from './emulated.js';

const PROGRAM = fileURLToPath(new URL('hash-results.ts', import.meta.url));

/** The hash of each case's results. */
function hashesIn(order: number): Record<string, string> {
  const env = { ...process.env, CNN_CUDA_EMULATED: '1', CNN_EMULATED_ORDER: String(order) };
  const output = execFileSync(process.execPath, ['--import', 'tsx', PROGRAM], { env });
  return JSON.parse(output.toString());
}

describe('kernels of CUDA give the same bits', () => {
  let ascending: Record<string, string>;
  before(function () {
    emulatedOrSkip(this);
    ascending = hashesIn(0);
    assert.ok(Object.keys(ascending).length > 0);
  });
  // 1 is descending, others are drawn.
  for (const order of [1, 7]) {
    it(`in order ${order}`, () => {
      assert.deepEqual(hashesIn(order), ascending);
    });
  }
});
