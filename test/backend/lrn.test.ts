import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { numbers } from '../network/backends.js';
import { compare, onNative, runKernel, type stored } from './compare.js';

const ALEXNET = { depthRadius: 2, bias: 2, alpha: 1e-4, beta: 0.75 };

const CASES = [
  { shape: [2, 5, 7, 96], attributes: ALEXNET },
  { shape: [1, 3, 3, 17], attributes: { ...ALEXNET, bias: 1, alpha: 0.3 } },
  { shape: [2, 2, 3, 3], attributes: { ...ALEXNET, alpha: 5, depthRadius: 5 } },
  { shape: [2, 2, 3, 1], attributes: { ...ALEXNET, alpha: 0.5 } },
  { shape: [1, 4, 4, 40], attributes: { depthRadius: 5, bias: 1, alpha: 1, beta: 0.5 } },
  { shape: [1, 4, 4, 33], attributes: { depthRadius: 3, bias: 0.7, alpha: 0.2, beta: 0.6 } },
  { shape: [1, 4, 4, 20], attributes: { depthRadius: 0, bias: 1, alpha: 2, beta: 1 } },
  { shape: [1, 2, 2, 6], attributes: { depthRadius: 40, bias: 1e-3, alpha: 900, beta: 0.75 } },
];

describe('native local response normalisation', () => {
  onNative(({ precision }) => {
    const tolerance = { error: precision === 'bf16' ? 2e-2 : 1e-5, ofLargest: true };
    for (const { shape, attributes } of CASES) {
      const { depthRadius, bias, alpha, beta } = attributes;
      const name = `[${shape}] radius ${depthRadius} (${bias}, ${alpha}, ${beta})`;
      const size = tf.util.sizeFromShape(shape);

      it(`of ${name} is that of tfjs, and so is its gradient`, () => {
        const compute = (make: typeof stored) => {
          const x = make(numbers(size), shape);
          const dy = make(numbers(size, 2), shape);
          const y = runKernel('LRN', { x }, attributes);
          return [y, runKernel('LRNGrad', { x, y, dy }, attributes)];
        };
        const storages = compare(compute, tolerance, name);
        assert.deepEqual(storages, [precision, precision], 'keeps the type of its input');
      });
    }
  });
});
