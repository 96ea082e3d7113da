/**
 * Prints a hash of each case's results in both precisions and the kernels that ran, as JSON; started
 * by orders.test.ts.
 */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/backend/index.js';
import { registerTwins } from '../../../src/network/twins/index.js';
import { device } from '../../backend/compare.js';
import { ORDER_CASES } from './cases.js';
import { decodedImages } from './decoded.js';

registerTwins('cpu');
const kernels = new Set<string>();
const hashes: Record<string, string> = {};
for (const precision of ['f32', 'bf16'] as const) {
  const backend = await openBackend('cuda', { precision });
  device().onRun = (kernel) => kernels.add(kernel);
  const add = (name: string, results: readonly tf.TypedArray[]) => {
    const hash = createHash('sha256');
    for (const { buffer, byteOffset, byteLength } of results) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    hashes[`${name} in ${precision}`] = hash.digest('hex');
  };
  for (const [name, run] of Object.entries(ORDER_CASES)) tf.tidy(() => add(name, run()));
  if (precision === 'f32') add('decoded images', await decodedImages(backend));
}
console.log(JSON.stringify({ hashes, kernels: [...kernels] }));
