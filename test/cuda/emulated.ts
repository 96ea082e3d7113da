/** The GPU of the tests of backend cuda, whatever backend the other tests run on. */
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { EMULATED_ADDON_PATH } from '../../src/addon.js';
import { openBackend } from '../../src/backend/index.js';
import { registerTwins } from '../../src/network/twins/index.js';
import { EMULATED } from '../network/backends.js';

/** Runs `body`, and what it starts, with an emulated GPU of these properties and faults. */
export async function withEmulatedGpu<T>(gpu: string, body: () => T | Promise<T>): Promise<T> {
  const earlier = { ...process.env };
  Object.assign(process.env, { CNN_CUDA_EMULATED: '1', CNN_EMULATED_GPU: gpu });
  try {
    return await body();
  } finally {
    for (const name of ['CNN_CUDA_EMULATED', 'CNN_EMULATED_GPU']) {
      if (earlier[name] === undefined) delete process.env[name];
      else process.env[name] = earlier[name];
    }
  }
}

/** Skips the tests of the context where the emulation is not built, but not with CNN_TEST_ALL=1. */
export function emulatedOrSkip(context: Mocha.Context): void {
  if (existsSync(EMULATED_ADDON_PATH)) return;
  const reason = 'npm run build:emulated builds what is tested';
  if (process.env['CNN_TEST_ALL'] === '1') throw new Error(reason);
  console.warn(`      skipped: ${reason}`);
  context.skip();
}

/**
 * Defines the same tests in both precisions: on the GPU where CNN_TEST_BACKEND=cuda tests a real
 * one, else on the emulated one; they are skipped where that is not built.
 */
export function onCuda(define: (precision: 'f32' | 'bf16') => void): void {
  const real = process.env['CNN_TEST_BACKEND'] === 'cuda' && !EMULATED;
  for (const precision of ['f32', 'bf16'] as const) {
    describe(`on ${real ? 'the' : 'an emulated'} GPU in ${precision}`, () => {
      const earlier = process.env['CNN_CUDA_EMULATED'];
      before(async function () {
        if (!real) {
          emulatedOrSkip(this);
          process.env['CNN_CUDA_EMULATED'] = '1';
        }
        registerTwins('cpu');
        await openBackend('cuda', { precision });
      });
      after(() => {
        if (earlier === undefined) delete process.env['CNN_CUDA_EMULATED'];
        else process.env['CNN_CUDA_EMULATED'] = earlier;
        tf.setBackend('cpu');
      });
      define(precision);
    });
  }
}
