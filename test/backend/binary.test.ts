import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { numbers } from '../network/backends.js';
import { compare, device, onNative, runKernel, stored } from './compare.js';

const KERNELS = [
  'Add',
  'Sub',
  'Multiply',
  'RealDiv',
  'Maximum',
  'Minimum',
  'SquaredDifference',
  'Equal',
  'NotEqual',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
];

const SHAPES: readonly [number[], number[]][] = [
  [[5], [5]],
  [
    [3, 7, 5],
    [3, 7, 5],
  ],
  [[], []],
  [[4, 33], []],
  [[], [4, 33]],
  [[3, 4, 4, 6], [6]],
  [[6], [3, 4, 4, 6]],
  [
    [2, 3, 3, 17],
    [1, 1, 1, 17],
  ],
  [
    [9, 1],
    [9, 10],
  ],
  [
    [9, 10],
    [9, 1],
  ],
  [
    [2, 1, 5, 1],
    [3, 1, 4],
  ],
  [
    [2, 3, 1, 5, 1, 2],
    [1, 3, 4, 1, 2, 2],
  ],
  [[40, 40, 40], [40]],
  [[90_001], [90_001]],
];

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const EDGES = [nan, 1, infinity, -infinity, 0, -0, 0, nan, 2];

function values(shape: number[], seed: number): number[] {
  const list = Array.from(numbers(tf.util.sizeFromShape(shape), seed));
  const edges = list.length < 5 ? [] : EDGES;
  return list.map((value, index) => (index < edges.length ? (edges.at(index * seed) ?? 3) : value));
}

describe('native functions of two numbers', () => {
  onNative(({ precision }) => {
    const tolerance = { error: precision === 'bf16' ? 2 ** -8 : 1e-7 };
    for (const kernel of KERNELS) {
      it(`${kernel} is that of tfjs over every way to broadcast`, () => {
        for (const [a, b] of SHAPES) {
          const first = values(a, 1);
          const second = values(b, 2);
          compare(
            (make) => runKernel(kernel, { a: make(first, a), b: make(second, b) }),
            tolerance,
            `${kernel} of [${a}] and [${b}]`,
          );
        }
      });
    }

    it('store bfloat16 only where both operands are', () => {
      const values = [1, 2, 3];
      const storages = compare(
        (make) => {
          const narrow = make(values, [3]);
          const wide = tf.tensor(values);
          return [tf.add(narrow, narrow), tf.add(narrow, wide), tf.sub(wide, narrow)];
        },
        { error: 0 },
        'sums',
      );
      assert.deepEqual(storages, [precision, 'f32', 'f32']);
    });

    it('AddN sums any number of tensors and keeps no partial sum', () => {
      const before = device().numDataIds();
      for (const count of [2, 3, 7]) {
        compare(
          (make) =>
            tf.addN(Array.from({ length: count }, (_, seed) => make(numbers(33, seed + 1), [33]))),
          { error: precision === 'bf16' ? 2e-2 : 1e-6, ofLargest: true },
          `sum of ${count}`,
        );
      }
      assert.equal(device().numDataIds(), before);
    });

    it('refuse shapes that do not broadcast', () => {
      tf.tidy(() => {
        const a = stored([1, 2, 3], [3]);
        const b = stored([1, 2], [2]);
        assert.throws(() => tf.add(a, b), /could not be broadcast together/);
      });
    });
  });
});
