import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allFloat } from '../products/convolution.js';
import type { KernelCall, KernelRows } from '../row.js';

interface LrnAttrs {
  depthRadius: number;
  bias: number;
  alpha: number;
  beta: number;
}

function lrnParams(x: TensorInfo, { depthRadius, bias, alpha, beta }: LrnAttrs) {
  const channels = x.shape.at(-1) as number;
  const rows = util.sizeFromShape(x.shape) / channels;
  // A wider window than all channels sums no more.
  return { rows, channels, radius: Math.min(depthRadius, channels), bias, alpha, beta };
}

function lrn({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, LrnAttrs>) {
  if (!allFloat([x])) return undefined;
  return backend.runOne('LRN', [x], { shape: x.shape, storage: 'same' }, lrnParams(x, attrs));
}

interface GradInputs {
  x: TensorInfo;
  y: TensorInfo;
  dy: TensorInfo;
}

function lrnGrad({ inputs: { x, y, dy }, attrs, backend }: KernelCall<GradInputs, LrnAttrs>) {
  if (!allFloat([x, dy])) return undefined;
  const storage = backend.storageOf(dy) === 'bf16' ? 'compute' : 'f32';
  const output = { shape: x.shape, storage } as const;
  return backend.runOne('LRNGrad', [x, y, dy], output, lrnParams(x, attrs));
}

export const lrnKernels: KernelRows = { LRN: lrn, LRNGrad: lrnGrad };
