import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface DropoutAttrs {
  rate: number;
  seed: number;
  step: number;
  layer: number;
  /** The number of the first image among those that all processes have; 0 by default. */
  firstImage?: number;
}

function dropout({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, DropoutAttrs>) {
  const { rate, seed, step, layer, firstImage = 0 } = attrs;
  if (!allFloat([x]) || !(rate >= 0 && rate < 1)) return undefined;
  const threshold = Math.floor(rate * 2 ** 32);
  const output = { shape: x.shape, storage: 'same' } as const;
  const first = firstImage * util.sizeFromShape(x.shape.slice(1));
  const params = { seed, step, layer, threshold, first, scale: 1 / (1 - rate) };
  return backend.runOne('Dropout', [x], output, params);
}

export const dropoutKernels: KernelRows = { Dropout: dropout };
