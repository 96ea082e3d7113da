/** Reductions on shapes that blocks, lines and parts do not divide. */
import * as tf from '@tensorflow/tfjs-core';
import { compare } from '../backend/compare.js';
import { numbers } from '../network/backends.js';
import { onCuda } from './emulated.js';

const SHAPES: readonly [shape: number[], axis: number | number[] | undefined][] = [
  [[90_007], undefined],
  [[5003, 1], 0],
  [[5003, 3], 0],
  [[5003, 24], 0],
  [[301, 1000], 0],
  [[77, 2048], 0],
  [[40, 2056], 0],
  [
    [3, 7, 11, 100],
    [1, 2],
  ],
  [[3, 9001], 1],
  [[5, 4096], 1],
  [[33, 40], 1],
  [[33, 41], 1],
  [[2, 33, 1], 1],
];

describe('reductions of CUDA', () => {
  onCuda(() => {
    for (const [shape, axis] of SHAPES) {
      it(`of [${shape}] over ${axis ?? 'all axes'}`, () => {
        const data = numbers(tf.util.sizeFromShape(shape));
        compare(
          (make) => {
            const x = make(data, shape);
            return [tf.max(x, axis), tf.min(x, axis)];
          },
          { error: 0 },
          'extremes',
        );
        compare(
          (make) => {
            const x = make(data, shape);
            return [tf.sum(x, axis), tf.mean(x, axis)];
          },
          { error: 1e-5, ofLargest: true },
          'sums',
        );
        if (Array.isArray(axis)) return;
        compare((make) => tf.argMax(make(data, shape), axis ?? 0), { error: 0 }, 'argMax');
      });
    }

    it('find a NaN wherever it is', () => {
      for (const at of [0, 1, 255, 4095, 5000, 9000]) {
        const data = numbers(9001);
        data[at] = Number.NaN;
        compare(
          (make) => {
            const x = make(data, [9001]);
            return [tf.max(x), tf.min(x), tf.sum(x)];
          },
          { error: 0 },
          `NaN at ${at}`,
        );
      }
    });
  });
});
