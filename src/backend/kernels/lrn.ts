import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allFloat } from './convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface LrnAttrs {
  depthRadius: number;
  bias: number;
  alpha: number;
  beta: number;
}

/** The whole numbers and the floats of LrnParams in native/params.h. */
function lrnParams(x: TensorInfo, attrs: LrnAttrs): [number[], number[]] {
  const channels = x.shape.at(-1) as number;
  const rows = util.sizeFromShape(x.shape) / channels;
  // A wider window than all channels sums no more.
  const radius = Math.min(attrs.depthRadius, channels);
  return [
    [rows, channels, radius],
    [attrs.bias, attrs.alpha, attrs.beta],
  ];
}

function lrn({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, LrnAttrs>) {
  if (!allFloat([x])) return undefined;
  return backend.runOne('LRN', [x], { shape: x.shape, storage: 'same' }, ...lrnParams(x, attrs));
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
  return backend.runOne('LRNGrad', [x, y, dy], output, ...lrnParams(x, attrs));
}

export const lrnKernels: KernelRows = { LRN: lrn, LRNGrad: lrnGrad };
