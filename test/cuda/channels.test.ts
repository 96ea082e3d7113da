/** Kernels that look at a pixel's channels or at windows of pixels, on sizes that packs divide or not. */
import * as tf from '@tensorflow/tfjs-core';
import { compare, runKernel, type stored } from '../backend/compare.js';
import { numbers } from '../network/backends.js';
import { onCuda } from './emulated.js';

const CHANNELS = [1, 2, 3, 4, 24, 1000];
const ALEXNET = { depthRadius: 2, bias: 2, alpha: 0.3, beta: 0.75 };

/** Windows of `size` pixels at steps of 1, cut off at the ends of `length` pixels. */
const ranges = (length: number, size: number) =>
  Array.from({ length }, (_, at) => [at, Math.min(at + size, length)] as const);

describe('kernels of CUDA over channels and windows', () => {
  onCuda((precision) => {
    const tolerance = { error: precision === 'bf16' ? 2e-2 : 1e-5, ofLargest: true };

    for (const channels of CHANNELS) {
      it(`local response normalisation of ${channels} channels`, () => {
        const shape = [3, 5, 7, channels];
        for (const attributes of [ALEXNET, { ...ALEXNET, beta: 0.5 }, { ...ALEXNET, beta: 0.6 }]) {
          const compute = (make: typeof stored) => {
            const x = make(numbers(105 * channels), shape);
            const dy = make(numbers(105 * channels, 2), shape);
            const y = runKernel('LRN', { x }, attributes);
            return [y, runKernel('LRNGrad', { x, y, dy }, attributes)];
          };
          compare(compute, tolerance, `beta ${attributes.beta}`);
        }
      });
    }

    for (const [height, width, channels] of [
      [7, 7, 1000],
      [5, 6, 3],
      // More ranges than the parameters of a kernel hold.
      [260, 3, 8],
      [3, 300, 1],
    ] as const) {
      it(`means of windows of ${height}×${width} images of ${channels} channels`, () => {
        const shape = [2, height, width, channels];
        const windows = { rows: ranges(height, 3), columns: ranges(width, 2) };
        const whole = { rows: [[0, height]], columns: [[0, width]] };
        for (const attributes of [windows, whole]) {
          const compute = (make: typeof stored) => {
            const x = make(numbers(tf.util.sizeFromShape(shape)), shape);
            const y = runKernel('WindowMeans', { x }, attributes);
            const dy = make(numbers(y.size, 2), y.shape);
            return [y, runKernel('WindowMeansGrad', { dy }, { ...attributes, height, width })];
          };
          compare(compute, tolerance, 'windows');
        }
      });
    }
  });
});
