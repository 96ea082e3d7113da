/** Pooling of more shapes than pool.test.ts of test/backend: those that a GPU divides otherwise. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { compare, runKernel, stored } from '../backend/compare.js';
import { numbers } from '../network/backends.js';
import { onCuda } from './emulated.js';

type Shape = [number, number, number, number];
type Side = [number, number];

// biome-ignore format: one row
const CASES: readonly [what: string, shape: Shape, filterSize: Side, strides: Side, pad: 'same' | 'valid'][] = [
  ['one channel', [3, 9, 11, 1], [3, 3], [2, 2], 'same'],
  ['one channel in cells', [3, 9, 11, 1], [2, 2], [2, 2], 'same'],
  ['3 channels', [2, 9, 8, 3], [3, 3], [1, 1], 'same'],
  ['24 channels', [2, 11, 9, 24], [3, 3], [2, 2], 'valid'],
  ['24 channels in cells', [2, 11, 9, 24], [2, 2], [2, 2], 'valid'],
  ['1000 channels', [1, 5, 5, 1000], [3, 3], [2, 2], 'same'],
  ['2048 channels', [1, 4, 4, 2048], [2, 2], [2, 2], 'valid'],
  ['cells larger than windows', [2, 11, 13, 8], [2, 3], [3, 5], 'same'],
  ['cells of 3×3', [2, 11, 13, 8], [3, 3], [3, 3], 'same'],
  ['windows of more places than a byte counts', [1, 20, 19, 8], [17, 16], [2, 1], 'same'],
];

describe('pooling of CUDA', () => {
  onCuda((precision) => {
    for (const [what, shape, filterSize, strides, pad] of CASES) {
      it(`by [${filterSize}] and strides of [${strides}]: ${what}`, () => {
        const data = numbers(tf.util.sizeFromShape(shape));
        const attributes = { filterSize, strides, pad };
        const exact = (make: typeof stored) => {
          const input = make(data, shape);
          const output = runKernel('MaxPool', { x: input }, attributes);
          // Whole numbers, whose sums bfloat16 holds.
          const signs = numbers(output.size, 3).map(Math.sign);
          const dy = make(signs, output.shape);
          return [output, runKernel('MaxPoolGrad', { dy, input, output }, attributes)];
        };
        compare(exact, { error: 0 }, 'MaxPool');
        const averages = (make: typeof stored) => {
          const input = make(data, shape);
          const output = runKernel('AvgPool', { x: input }, attributes);
          const dy = make(numbers(output.size, 3), output.shape);
          return [output, runKernel('AvgPoolGrad', { dy, input }, attributes)];
        };
        const error = precision === 'bf16' ? 2 ** -8 : 1e-6;
        compare(averages, { error, ofLargest: true }, 'AvgPool');
      });
    }

    // 2^20 packs are a slab, and the tensors of channels without packs the largest in number.
    it('of images of two slabs', () => {
      const [batch, height, width] = [5, 501, 500];
      const x = numbers(batch * height * width);
      const attributes = { filterSize: [2, 1], strides: [1, 1], pad: 'valid' };
      tf.tidy(() => {
        const input = stored(x, [batch, height, width, 1]);
        const output = runKernel('MaxPool', { x: input }, attributes);
        const signs = numbers(output.size, 3).map(Math.sign);
        const dy = stored(signs, output.shape);
        const dx = runKernel('MaxPoolGrad', { dy, input, output }, attributes).dataSync();
        const y = output.dataSync();
        let wrong = 0;
        for (let at = 0; at < x.length; at++) {
          const row = Math.floor(at / width) % height;
          const out = at - Math.floor(at / (height * width)) * width;
          const [above, here, below] = [x[at - width], x[at], x[at + width]] as [
            number,
            number,
            number,
          ];
          const first = row < height - 1 && here >= below ? (signs[out] as number) : 0;
          const second = row > 0 && here > above ? (signs[out - width] as number) : 0;
          wrong += Number(dx[at] !== first + second);
          wrong += Number(row < height - 1 && y[out] !== Math.max(here, below));
        }
        assert.equal(wrong, 0);
      });
    });
  });
});
