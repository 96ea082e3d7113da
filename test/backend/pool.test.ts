import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { numbers } from '../network/backends.js';
import { compare, device, onNative, runKernel, stored } from './compare.js';

type Padding = [[0, 0], [number, number], [number, number], [0, 0]];
interface Case {
  shape: [number, number, number, number];
  filterSize: [number, number];
  strides: [number, number];
  pad: 'valid' | 'same' | Padding;
  dimRoundingMode?: 'floor' | 'ceil';
}

const explicit = (top: number, bottom: number, left: number, right: number): Padding => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

const CASES: readonly Case[] = [
  { shape: [2, 8, 8, 6], filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
  { shape: [3, 7, 9, 17], filterSize: [2, 2], strides: [2, 2], pad: 'same' },
  { shape: [2, 9, 7, 35], filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
  { shape: [2, 6, 9, 5], filterSize: [2, 2], strides: [2, 2], pad: explicit(1, 0, 1, 1) },
  { shape: [2, 13, 13, 96], filterSize: [3, 3], strides: [2, 2], pad: 'valid' },
  { shape: [1, 11, 12, 64], filterSize: [3, 3], strides: [2, 2], pad: explicit(1, 1, 1, 1) },
  { shape: [2, 6, 5, 33], filterSize: [3, 3], strides: [1, 1], pad: 'same' },
  { shape: [1, 9, 4, 1], filterSize: [3, 2], strides: [1, 2], pad: explicit(2, 0, 0, 1) },
  { shape: [2, 10, 10, 3], filterSize: [2, 3], strides: [3, 4], pad: 'valid' },
  { shape: [1, 7, 7, 40], filterSize: [7, 7], strides: [1, 1], pad: 'valid' },
  { shape: [1, 9, 9, 5], filterSize: [5, 4], strides: [2, 1], pad: 'same' },
  {
    shape: [1, 8, 8, 16],
    filterSize: [3, 3],
    strides: [2, 2],
    pad: explicit(0, 1, 0, 1),
    dimRoundingMode: 'ceil',
  },
  { shape: [2, 4, 4, 3], filterSize: [1, 1], strides: [1, 1], pad: 'valid' },
  { shape: [2, 5, 5, 3], filterSize: [1, 1], strides: [2, 2], pad: 'valid' },
];

describe('native pooling', () => {
  onNative(({ precision }) => {
    const tolerance = { error: precision === 'bf16' ? 2e-2 : 1e-5, ofLargest: true };
    it('of windows that are padding alone is left to tfjs', () => {
      const [input, dy] = [tf.ones([1, 4, 4, 2]), tf.ones([1, 7, 7, 2])];
      const attributes = { filterSize: [2, 2], strides: [2, 2], pad: 5 };
      const dx = runKernel('MaxPoolGrad', { dy, input, output: dy }, attributes);
      // Nine of 49 windows meet the image.
      assert.equal(tf.sum(dx as tf.Tensor).dataSync()[0], 18);
    });

    for (const { shape, ...attributes } of CASES) {
      const { filterSize, strides, pad, dimRoundingMode = 'none' } = attributes;
      const name = `[${shape}] by ${filterSize} strides ${strides} pad ${pad} ${dimRoundingMode}`;
      const data = numbers(tf.util.sizeFromShape(shape));

      it(`of ${name} is that of tfjs`, () => {
        for (const kernel of ['MaxPool', 'AvgPool']) {
          const storages = compare(
            (make) => runKernel(kernel, { x: make(data, shape) }, attributes),
            kernel === 'MaxPool' ? { error: 0 } : tolerance,
            kernel,
          );
          assert.deepEqual(storages, [precision], 'keeps the type of its input');
        }
      });

      it(`gradients of ${name} are those of tfjs`, () => {
        const compute = (make: typeof stored) => {
          const input = make(data, shape);
          const output = runKernel('MaxPool', { x: input }, attributes);
          const dy = make(numbers(output.size, 3), output.shape);
          const maximum = runKernel('MaxPoolGrad', { dy, input, output }, attributes);
          // tfjs-backend-cpu ignores the rounding here.
          if (attributes.dimRoundingMode) return [maximum];
          return [maximum, runKernel('AvgPoolGrad', { dy, input }, attributes)];
        };
        const storages = compare(compute, tolerance, 'gradients');
        assert.deepEqual(new Set(storages), new Set([precision]));
      });
    }

    it('take a NaN for a maximum, which gets the gradient', () => {
      tf.tidy(() => {
        const nan = Number.NaN;
        const input = stored([1, nan, 3, nan, 2, 4, Infinity, -Infinity], [2, 2, 2, 1]);
        const attributes = { filterSize: 2, strides: 2, pad: 'valid' };
        const output = runKernel('MaxPool', { x: input }, attributes);
        assert.deepEqual([...output.dataSync()], [nan, Infinity]);
        const dy = stored([1, 2], [2, 1, 1, 1]);
        const dx = runKernel('MaxPoolGrad', { dy, input, output }, attributes).dataSync();
        assert.deepEqual([...dx], [0, 1, 0, 0, 0, 0, 2, 0]);
      });
    });

    it('gives the gradient to the first of equal maxima, zeros of both signs among them', () => {
      tf.tidy(() => {
        const input = stored([-1, 0, -0, 0, 2, 2, 2, 1, -0, 0, -1, -1], [3, 2, 2, 1]);
        const attributes = { filterSize: 2, strides: 1, pad: 'valid' };
        const output = runKernel('MaxPool', { x: input }, attributes);
        const dy = stored([1, 2, 3], [3, 1, 1, 1]);
        const dx = runKernel('MaxPoolGrad', { dy, input, output }, attributes).dataSync();
        assert.deepEqual([...dx], [0, 1, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
      });
    });

    it('of windows beyond 64 falls back to tfjs', () => {
      tf.tidy(() => {
        const before = device().fallbacks.get('MaxPool') ?? 0;
        const x = stored(numbers(70), [1, 70, 1, 1]) as tf.Tensor4D;
        tf.maxPool(x, [70, 1], 1, 'valid').dataSync();
        assert.equal(device().fallbacks.get('MaxPool'), before + 1);
      });
    });

    it('takes a gradient stored in another type than the input', () => {
      tf.tidy(() => {
        const attributes = { filterSize: 2, strides: 2, pad: 'valid' };
        const input = stored(numbers(2 * 4 * 4 * 20), [2, 4, 4, 20]);
        const output = runKernel('MaxPool', { x: input }, attributes);
        const dy = tf.ones(output.shape);
        const dx = runKernel('MaxPoolGrad', { dy, input, output }, attributes);
        assert.equal(tf.sum(dx).dataSync()[0], output.size);
      });
    });
  });
});
