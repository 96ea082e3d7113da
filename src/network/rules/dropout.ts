import type * as tf from '@tensorflow/tfjs-core';
import { runKernel, share } from '../run-kernel.js';
import type { LayerNode, Operation } from './rule.js';

/** Dropout from counter-based random numbers: the backward pass draws the mask again. */
export function dropout({ config, place }: LayerNode): Operation | undefined {
  if (config['noiseShape']) return undefined;
  const attributes = {
    rate: config['rate'] as number,
    seed: 0,
    step: 0,
    layer: place,
    firstImage: 0,
  };
  return {
    keeps: { inputs: [], output: false },
    forward([x], { training, seed, step, firstImage }) {
      if (!training || attributes.rate === 0) return share(x as tf.Tensor);
      attributes.seed = seed;
      attributes.step = step;
      attributes.firstImage = firstImage;
      return runKernel('Dropout', { x }, attributes);
    },
    backward: (dy) => [
      attributes.rate === 0 ? share(dy) : runKernel('Dropout', { x: dy }, attributes),
    ],
  };
}
