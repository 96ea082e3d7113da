/** Kernels that compute each element by itself, on sizes that packs and grids do not divide. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { compare, runKernel } from '../backend/compare.js';
import { numbers } from '../network/backends.js';
import { onCuda } from './emulated.js';

// A block has 4096 elements of float32 at a time, 8192 of bfloat16; the emulated GPU 32 blocks.
const SIZES = [1, 3, 4095, 4096, 4097, 8192, 12_301, 300_007];
const EXACT = { error: 0 };

describe('kernels of CUDA that compute each element by itself', () => {
  onCuda((precision) => {
    const close = { error: precision === 'bf16' ? 2 ** -8 : 1e-6 };

    for (const size of SIZES) {
      it(`${size} elements`, () => {
        const data = numbers(size);
        const whole = Int32Array.from(data, (value) => value * 1000);
        compare(
          (make) => {
            const x = make(data, [size]);
            return [
              tf.neg(x),
              tf.cast(x, 'int32'),
              tf.cast(x, 'bool'),
              tf.cast(tf.tensor1d(whole, 'int32'), 'float32'),
              tf.fill([size], 0.5),
              tf.fill([size], 7, 'int32'),
            ];
          },
          EXACT,
          'exact ones',
        );
        compare(
          (make) => {
            const x = make(data, [size]);
            return [tf.add(x, make(numbers(size, 2), [size])), tf.mul(x, make([0.375], []))];
          },
          close,
          'sum and product',
        );
      });
    }

    it('broadcasts along rows in packs and without', () => {
      for (const channels of [1, 2, 3, 4, 8, 24, 1000]) {
        const shape = [9, 7, channels];
        const data = numbers(63 * channels);
        compare(
          (make) => {
            const x = make(data, shape);
            return [
              tf.add(x, make(numbers(channels, 2), [channels])),
              tf.sub(make(numbers(9, 3), [9, 1, 1]), x),
              tf.maximum(x, make(numbers(7 * channels, 4), [7, channels])),
              tf.less(make(numbers(7, 5), [7, 1]), x),
            ];
          },
          close,
          `${channels} channels`,
        );
      }
    });

    it('drops the elements that its twin drops', () => {
      const settings = { rate: 0.4, seed: 7, step: 3, layer: 2 };
      for (const size of SIZES) {
        compare(
          (make) =>
            runKernel('Dropout', { x: make(new Float32Array(size).fill(1), [size]) }, settings),
          close,
          `${size} elements`,
        );
      }
    });

    for (const [width, channels] of [
      [1, 1],
      [28, 1],
      [5, 3],
      [12, 3],
      [32, 3],
    ] as const) {
      it(`images of ${width} columns and ${channels} channels, mirrored and not`, () => {
        const shape: [number, number, number, number] = [5, 19, width, channels];
        const bytes = Uint8Array.from({ length: 95 * width * channels }, (_, i) => i * 89);
        const mean = [0.4, 0.5, 0.6].slice(0, channels);
        const std = [0.3, 0.2, 0.1].slice(0, channels);
        compare(
          () => {
            const images = tf.tensor(bytes, shape, 'bool');
            const mirror = tf.tensor1d([0, 1, 1, 0, 1], 'int32');
            const offsets = tf.tensor2d(numbers(5 * channels), [5, channels]);
            return runKernel('ImageToFloat', { images, mirror, offsets }, { mean, std });
          },
          { error: precision === 'bf16' ? 2 ** -8 : 1e-6, ofLargest: true },
          'ImageToFloat',
        );
      });
    }

    it('a label that is not below the class count is an error, once each time', () => {
      const round = () => {
        const logits = tf.ones([3, 4]) as tf.Tensor2D;
        const loss = (labels: number[]) => {
          const inputs = { logits, labels: tf.tensor1d(labels, 'int32') };
          const settings = { smoothing: 0, weight: 1, hits: true };
          const [stats] = runKernel('SoftmaxCrossEntropy', inputs, settings) as unknown as [
            tf.Tensor,
          ];
          return stats.dataSync();
        };
        assert.throws(() => loss([0, 4, 1]), /SoftmaxCrossEntropy: a label is not below the class/);
        assert.deepEqual([...loss([0, 3, -1])].slice(1), [1, 2, 2]);
      };
      // Uploads end at any time between.
      for (let i = 0; i < 100; i++) tf.tidy(round);
    });
  });
});
