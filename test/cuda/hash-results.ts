/** Prints a hash of each case's results in both precisions as JSON; started by orders.test.ts. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../src/backend/index.js';
import { ORDER_CASES } from './order-cases.js';

const hashes: Record<string, string> = {};
for (const precision of ['f32', 'bf16'] as const) {
  await openBackend('cuda', { precision });
  for (const [name, run] of Object.entries(ORDER_CASES)) {
    tf.tidy(() => {
      const hash = createHash('sha256');
      for (const result of run()) hash.update(new Uint8Array(result.dataSync().buffer));
      hashes[`${name} in ${precision}`] = hash.digest('hex');
    });
  }
}
console.log(JSON.stringify(hashes));
