/** Kernels that move values, on sizes that packs, tiles and tables of pieces do not divide. */
import * as tf from '@tensorflow/tfjs-core';
import { compare } from '../backend/compare.js';
import { numbers } from '../network/backends.js';
import { onCuda } from './emulated.js';

const EXACT = { error: 0 };
const data = (shape: readonly number[], seed = 1) =>
  numbers(tf.util.sizeFromShape([...shape]), seed);

// biome-ignore format: one row
const PADDINGS: readonly [shape: number[], paddings: [number, number][]][] = [
  [[3, 5, 7, 8], [[0, 0], [1, 2], [2, 1], [0, 0]]],
  [[3, 5, 7, 8], [[0, 0], [1, 2], [2, 1], [8, 16]]],
  [[3, 5, 7, 24], [[1, 0], [0, 0], [3, 0], [4, 3]]],
  [[2, 40, 40, 3], [[0, 0], [3, 3], [3, 3], [0, 0]]],
  [[1000], [[16, 8]]],
];

describe('kernels of CUDA that move values', () => {
  onCuda(() => {
    for (const sizes of [
      [8, 16, 32],
      [4, 12, 2],
      [2, 6, 2, 2],
      [3, 5, 1],
      Array.from({ length: 150 }, (_, index) => (index % 7) + 1),
    ]) {
      it(`joins and cuts ${sizes.length} pieces, of ${sizes.slice(0, 3)} in a row`, () => {
        const rows = 19;
        const total = sizes.reduce((sum, size) => sum + size, 0);
        compare(
          (make) => {
            const pieces = sizes.map((size, seed) =>
              make(data([rows, size], seed + 1), [rows, size]),
            );
            const whole = make(data([rows, total]), [rows, total]);
            const integers = sizes.map((size) =>
              tf.tensor2d(
                Int32Array.from({ length: rows * size }, (_, i) => i),
                [rows, size],
              ),
            );
            return [
              tf.concat(pieces, 1),
              tf.concat(
                pieces.map((piece) => tf.transpose(piece)),
                0,
              ),
              tf.concat(integers, 1),
              tf.concat(
                pieces.map((piece) => tf.greater(piece, 0)),
                1,
              ),
              ...tf.split(whole, sizes, 1),
              ...tf.split(tf.less(whole, 0.25), sizes, 1),
            ];
          },
          EXACT,
          'pieces',
        );
      });
    }

    for (const [shape, perm] of [
      [
        [8, 8],
        [1, 0],
      ],
      [
        [2, 31, 33],
        [0, 2, 1],
      ],
      [
        [3, 65, 9, 64],
        [0, 3, 1, 2],
      ],
      [
        [3, 24, 11, 13],
        [0, 2, 3, 1],
      ],
      [
        [2, 3, 17, 19],
        [3, 0, 2, 1],
      ],
      [
        [5, 6, 3],
        [2, 1, 0],
      ],
    ] as const) {
      it(`transposes [${shape}] to axes [${perm}]`, () => {
        compare(
          (make) => {
            const x = make(data(shape), [...shape]);
            return [x, tf.cast(x, 'int32'), tf.greater(x, 0)].map((y) =>
              tf.transpose(y, [...perm]),
            );
          },
          EXACT,
          'transpose',
        );
      });
    }

    it('cuts out with and without packs, and repeats', () => {
      compare(
        (make) => {
          const x = make(data([6, 10, 64]), [6, 10, 64]);
          const flags = tf.greater(x, 0);
          return [
            tf.slice(x, [1, 2, 8], [4, 7, 16]),
            tf.slice(x, [1, 2, 8], [4, 7, 9]),
            tf.slice(x, [0, 3, 3], [6, 5, 32]),
            tf.slice(flags, [1, 2, 16], [4, 7, 32]),
            tf.tile(x, [1, 2, 3]),
            tf.tile(make(data([5, 1]), [5, 1]), [2, 40]),
            tf.tile(flags, [2, 1, 1]),
          ];
        },
        EXACT,
        'slices',
      );
    });

    it('pads with and without packs', () => {
      for (const [shape, paddings] of PADDINGS) {
        compare(
          (make) => {
            const x = make(data(shape), shape);
            return [tf.pad(x, paddings, 0.5), tf.pad(tf.cast(x, 'int32'), paddings, 3)];
          },
          EXACT,
          `[${shape}]`,
        );
      }
    });
  });
});
