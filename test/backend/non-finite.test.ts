/** No kernel hides a value that is not finite, with any instructions (instruction-sets.test.ts). */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { PARAMETERS } from '../../src/backend/parameters.js';
import { registerTwins } from '../../src/network/twins/index.js';
import { onReference } from '../network/backends.js';
import { device, onNative, stored } from './compare.js';
import { assertSpreads } from './non-finite.js';
import { PLAIN_ROWS } from './non-finite-rows.js';
import { TRAINING_ROWS } from './non-finite-training-rows.js';

const ROWS = [...PLAIN_ROWS, ...TRAINING_ROWS];

describe('NaN and infinity', () => {
  onNative(({ precision }) => {
    const ran = new Set<string>();
    before(() => {
      onReference(() => registerTwins('cpu'));
      device().onRun = (kernel) => ran.add(kernel);
    });
    after(() => {
      device().onRun = undefined;
    });

    for (const row of ROWS) {
      it(`spread through ${row.name}`, () => {
        assertSpreads(row, precision === 'bf16' ? 3e-2 : 1e-4);
      });
    }

    it('are put into every kernel of the addon', () => {
      const others = Object.keys(PARAMETERS).filter((kernel) => !ran.has(kernel));
      // Fill has no input; what processes do together is in test/distributed/.
      const sums = ['AllReduceStart', 'AllReduceWait', 'AllGather'];
      const peaks = ['PeakMultiplyAdd', 'PeakCopy', 'PeakUpdate'];
      assert.deepEqual(others, [...sums, 'Fill', ...peaks]);
    });

    it('keep a NaN of every sign and payload one in bfloat16', () => {
      const words = [0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fc00000, 0xff80ffff];
      const values = new Float32Array(
        Uint32Array.from(words.flatMap((word) => [...Array(5)].fill(word))).buffer,
      );
      tf.tidy(() => {
        assert.ok(stored(values, [values.length]).dataSync().every(Number.isNaN));
      });
    });
  });
});
