import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { numbers } from '../network/backends.js';
import { compare, onNative } from './compare.js';

const EXACT = { error: 0 };

const data = (shape: number[], seed = 1) => numbers(tf.util.sizeFromShape(shape), seed);

const PERMUTATIONS: readonly { shape: number[]; perm: number[] }[] = [
  { shape: [3, 5], perm: [1, 0] },
  { shape: [130, 77], perm: [1, 0] },
  { shape: [2, 9, 7, 33], perm: [0, 3, 1, 2] },
  { shape: [2, 33, 9, 7], perm: [0, 2, 3, 1] },
  { shape: [4, 3, 2, 5], perm: [3, 2, 1, 0] },
  { shape: [2, 3, 4, 5, 6], perm: [1, 0, 4, 2, 3] },
  { shape: [2, 2, 3, 2, 3, 2], perm: [5, 3, 1, 0, 2, 4] },
  { shape: [1, 6, 1, 4], perm: [2, 3, 0, 1] },
  { shape: [300, 400], perm: [1, 0] },
];

const SLICES: readonly { shape: number[]; begin: number[]; size: number[] }[] = [
  { shape: [10], begin: [3], size: [4] },
  { shape: [6, 7, 3], begin: [2, 0, 0], size: [3, 7, 3] },
  { shape: [6, 7, 3], begin: [1, 2, 1], size: [-1, 3, 2] },
  { shape: [2, 5, 6, 4], begin: [0, 1, 0, 3], size: [2, 3, 6, 1] },
  { shape: [3, 300, 200], begin: [1, 5, 5], size: [2, 290, 190] },
];

const PADDINGS: readonly { shape: number[]; paddings: [number, number][] }[] = [
  { shape: [5], paddings: [[2, 3]] },
  // biome-ignore format: one row
  { shape: [2, 4, 5, 3], paddings: [[0, 0], [1, 2], [2, 0], [0, 0]] },
  // biome-ignore format: one row
  { shape: [2, 3, 2, 3], paddings: [[1, 0], [0, 1], [0, 0], [2, 2]] },
  // biome-ignore format: one row
  { shape: [1, 1, 1], paddings: [[0, 0], [1, 1], [0, 0]] },
];

describe('native kernels that move values', () => {
  onNative(({ precision }) => {
    it('join tensors along each axis, stored as they were', () => {
      for (const [axis, sizes] of [
        [0, [1, 3, 2]],
        [1, [4, 1]],
        [3, [6, 17, 1, 32]],
        [-1, [64, 64]],
      ] as const) {
        const shapes = sizes.map((size) => [2, 3, 3, 5].with(axis, size));
        const storages = compare(
          (make) =>
            tf.concat(
              shapes.map((shape, seed) => make(data(shape, seed + 1), shape)),
              axis,
            ),
          EXACT,
          `along ${axis}`,
        );
        assert.deepEqual(storages, [precision]);
      }
    });

    it('join large tensors along channels', () => {
      const shapes = [
        [4, 28, 28, 32],
        [4, 28, 28, 7],
      ];
      compare(
        (make) =>
          tf.concat(
            shapes.map((shape, seed) => make(data(shape, seed + 1), shape)),
            3,
          ),
        EXACT,
        'channels',
      );
    });

    it('join bfloat16 with float32 in float32, leave out empty tensors, and join whole numbers', () => {
      const storages = compare(
        (make) => [
          tf.concat([make([1, 2], [2]), tf.tensor([1 / 3])]),
          tf.concat([tf.tensor([], [0, 2]), make([1, 2], [1, 2])]),
          tf.concat([tf.tensor([1, 2], [2], 'int32'), tf.tensor([3], [1], 'int32')]),
          tf.concat([tf.tensor([true, false]), tf.tensor([true])]),
        ],
        EXACT,
        'mixed',
      );
      assert.deepEqual(storages, ['f32', precision, 'i32', 'u8']);
    });

    it('stack and unstack', () => {
      compare(
        (make) =>
          [0, 1, 2, -1].map((axis) =>
            tf.stack(
              [1, 2, 3].map((s) => make(data([4, 5], s), [4, 5])),
              axis,
            ),
          ),
        EXACT,
        'stack',
      );
      compare(
        (make) => [0, 1, -1].flatMap((axis) => tf.unstack(make(data([4, 3, 5]), [4, 3, 5]), axis)),
        EXACT,
        'unstack',
      );
    });

    it('split along each axis', () => {
      compare(
        (make) => [
          ...tf.split(make(data([4, 6, 33]), [4, 6, 33]), 2, 0),
          ...tf.split(make(data([4, 6, 33]), [4, 6, 33]), [1, 2, 3], 1),
          ...tf.split(make(data([4, 6, 33]), [4, 6, 33]), [10, -1, 3], 2),
          ...tf.split(make(data([200, 100, 9]), [200, 100, 9]), 3, 2),
        ],
        EXACT,
        'split',
      );
    });

    for (const { shape, perm } of PERMUTATIONS) {
      it(`transpose [${shape}] to axes [${perm}]`, () => {
        compare((make) => tf.transpose(make(data(shape), shape), perm), EXACT, 'transpose');
      });
    }

    for (const { shape, begin, size } of SLICES) {
      it(`cut [${size}] at [${begin}] out of [${shape}]`, () => {
        compare((make) => tf.slice(make(data(shape), shape), begin, size), EXACT, 'slice');
      });
    }

    for (const { shape, paddings } of PADDINGS) {
      it(`pad [${shape}] by ${JSON.stringify(paddings)}`, () => {
        compare(
          (make) => [0, -1.5].map((value) => tf.pad(make(data(shape), shape), paddings, value)),
          EXACT,
          'pad',
        );
      });
    }

    it('tile', () => {
      compare(
        (make) => [
          tf.tile(make(data([3, 1, 5]), [3, 1, 5]), [2, 3, 1]),
          tf.tile(make(data([7]), [7]), [3]),
          tf.tile(make(data([2, 3, 2, 2]), [2, 3, 2, 2]), [2, 2, 2, 2]),
          tf.broadcastTo(make(data([3, 1]), [3, 1]), [4, 3, 50]),
        ],
        EXACT,
        'tile',
      );
    });

    it('fill', () => {
      compare(
        (make) => [
          tf.fill([3, 70_000], 1.5),
          tf.fill([5], 7, 'int32'),
          tf.onesLike(make(data([9]), [9])),
          tf.zerosLike(tf.tensor([1, 2, 3], [3], 'int32')),
          tf.onesLike(tf.tensor([true, false])),
        ],
        EXACT,
        'fill',
      );
    });

    it('cast as JavaScript converts', () => {
      const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
      const values = [0, -0, 1.9, -1.9, 255, 3e9, -3e9, 2 ** 31, 1e20, nan, infinity, -infinity];
      compare(
        () => [
          tf.cast(tf.tensor(values), 'int32'),
          tf.cast(tf.tensor(values), 'bool'),
          tf.cast(tf.tensor([1, -7, 0, 2 ** 30], [4], 'int32'), 'float32'),
          tf.cast(tf.tensor([1, -7, 0, 256], [4], 'int32'), 'bool'),
          tf.cast(tf.tensor([true, false]), 'float32'),
          tf.cast(tf.tensor([true, false]), 'int32'),
        ],
        EXACT,
        'cast',
      );
    });
  });
});
