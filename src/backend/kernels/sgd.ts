import type { TensorInfo } from '@tensorflow/tfjs-core';
import { allFloat } from './convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface SgdAttrs {
  lr: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: readonly number[];
  lrScale: readonly number[];
}

/** Inputs [w0, m0, g0, w1, …]; weights and momenta change in place. */
function sgd({ inputs, attrs, backend }: KernelCall<TensorInfo[], SgdAttrs>) {
  const { lr, momentum, nesterov, weightDecay, lrScale } = attrs;
  if (!allFloat(inputs)) return undefined;
  const params = { nesterov: Number(nesterov), momentum, lr, weightDecay, lrScale };
  return backend.run('Sgd', inputs, [], params);
}

export const sgdKernels: KernelRows = { Sgd: sgd };
