import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { numbers } from '../network/backends.js';
import { bf16Of, compare, device, onNative, stored } from './compare.js';

const CASES: readonly { shape: number[]; axes: number | number[] | undefined }[] = [
  { shape: [], axes: undefined },
  { shape: [7], axes: undefined },
  { shape: [3, 1], axes: 1 },
  { shape: [33, 10], axes: [-1] },
  { shape: [33, 10], axes: [0] },
  { shape: [2, 7, 7, 130], axes: [1, 2] },
  { shape: [2, 5, 5, 6], axes: [0, 1, 2] },
  { shape: [4, 3, 5, 2], axes: [0, 2] },
  { shape: [4, 3, 5, 2], axes: [1, 3] },
  { shape: [2, 3, 2, 3, 2], axes: [0, 2, 4] },
  { shape: [5, 4, 3], axes: [2, 0] },
  { shape: [300, 301], axes: undefined },
  { shape: [1000, 300], axes: 0 },
  { shape: [2, 90_000], axes: 0 },
  { shape: [2, 90_000], axes: 1 },
];

describe('native reductions', () => {
  onNative(() => {
    const tolerance = { error: 1e-6, ofLargest: true };
    for (const { shape, axes } of CASES) {
      const data = Array.from(numbers(tf.util.sizeFromShape(shape)));
      const name = `[${shape}] over ${axes === undefined ? 'all axes' : `[${axes}]`}`;
      it(`of ${name} are those of tfjs`, () => {
        for (const keepDims of [false, true]) {
          const storages = compare(
            (make) => {
              const x = make(data, shape);
              return [tf.sum, tf.mean, tf.max, tf.min].map((each) => each(x, axes, keepDims));
            },
            tolerance,
            name,
          );
          if (axes !== undefined && tf.util.sizeFromShape(shape) > 7) {
            assert.deepEqual(storages, ['f32', 'f32', 'f32', 'f32']);
          }
        }
      });
    }

    it('multiply', () => {
      const data = numbers(60).map((value) => bf16Of(1 + value / 4));
      compare((make) => tf.prod(make(data, [5, 12]), 1), { error: 1e-5 }, 'products');
    });

    it('give NaN where there is one, and infinities', () => {
      const data = numbers(100);
      data[3] = Number.NaN;
      data[13] = Number.POSITIVE_INFINITY;
      data[77] = Number.NEGATIVE_INFINITY;
      for (const axis of [0, 1]) {
        compare(
          (make) => {
            const x = make(data, [10, 10]);
            return [tf.sum(x, axis), tf.mean(x, axis), tf.max(x, axis), tf.min(x, axis)];
          },
          tolerance,
          `axis ${axis}`,
        );
      }
    });

    it('do not lose digits over many values', () => {
      tf.tidy(() => {
        const ones = tf.fill([2_000_000], 0.1);
        const exact = 2_000_000 * Math.fround(0.1);
        assert.ok(Math.abs((tf.sum(ones).dataSync()[0] as number) / exact - 1) < 5e-7);
        const columns = tf.sum(tf.reshape(ones, [1_000_000, 2]), 0).dataSync();
        assert.ok(Math.abs((columns[0] as number) / (exact / 2) - 1) < 5e-7);
      });
    });

    it('find the first largest value along any axis', () => {
      const data = Array.from(numbers(4 * 30 * 5), (value) => Math.round(value * 8));
      for (const axis of [0, 1, 2, -1]) {
        compare(
          (make) => tf.argMax(make(data, [4, 30, 5]), axis),
          { error: 0 },
          `index of the largest along ${axis}`,
        );
      }
    });

    it('make the softmax of rows and keep nothing else', () => {
      const before = device().numDataIds();
      const data = numbers(33 * 10).map((value) => value * 32);
      compare((make) => tf.softmax(make(data, [33, 10])), { error: 2e-2, ofLargest: true }, 'rows');
      tf.tidy(() => {
        const sums = tf.sum(tf.softmax(stored(data, [33, 10])), 1).dataSync();
        for (const sum of sums) assert.ok(Math.abs(sum - 1) < 1e-2);
      });
      assert.equal(device().numDataIds(), before);
    });
  });
});
