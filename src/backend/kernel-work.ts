/** The least work of a kernel call: floating-point operations and bytes. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { STORAGE_BYTES } from './addon.js';
import type { NativeBackend } from './native-backend.js';

/** Operations by the whole parameters (native/params.h); kernels that are not here only move data. */
const OPERATIONS: Readonly<Record<string, (ints: readonly number[]) => number>> = {
  FusedConv2D: convolution,
  Conv2DBackpropInput: convolution,
  Conv2DBackpropFilter: convolution,
  BatchMatMul: ([batchA = 1, batchB = 1, m = 0, k = 0, n = 0]) =>
    2 * Math.max(batchA, batchB) * m * k * n,
  PeakMultiplyAdd: ([threads = 0, count = 0]) => 2 * threads * count,
};

/** The inputs that a kernel changes in place, so that they are written as well as read. */
const CHANGED: Readonly<Record<string, (index: number) => boolean>> = {
  // Weights and momenta of [w0, m0, g0, w1, …].
  Sgd: (index) => index % 3 < 2,
  PeakUpdate: () => true,
  // The gradient of joined maps; appended maps are written only.
  BatchNormSliceGrad: (index) => index === 6,
};

/** For kernels that read only part of an input: how many of its elements. */
const PARTS: Readonly<Record<string, (index: number, ints: readonly number[]) => number>> = {
  AppendChannels: (index, ints) => (index === 1 ? rowsOf(ints) : Number.POSITIVE_INFINITY),
  BatchNormSlice: (index, ints) => (index === 0 ? rowsOf(ints) : Number.POSITIVE_INFINITY),
  BatchNormSliceGrad: (index, ints) =>
    index === 0 || index === 6 ? rowsOf(ints) : Number.POSITIVE_INFINITY,
  StridedCopy: (_index, [rank = 0, ...dims]) =>
    dims.slice(0, rank).reduce((size, length) => size * length, 1),
};

function rowsOf([rows = 0, channels = 0]: readonly number[]): number {
  return rows * channels;
}

/** A multiplication and an addition for each output, filter position and input channel. */
function convolution(ints: readonly number[]): number {
  const [batch = 0, , , inChannels = 0, outHeight = 0, outWidth = 0, outChannels = 0] = ints;
  const [filterHeight = 0, filterWidth = 0] = ints.slice(7);
  const groups = ints[15] ?? 1;
  const outputs = batch * outHeight * outWidth * outChannels;
  return (2 * outputs * filterHeight * filterWidth * inChannels) / groups;
}

/** Floating-point operations of a call, padding counted like pixels. */
export function operationsOf(kernel: string, ints: readonly number[]): number {
  return OPERATIONS[kernel]?.(ints) ?? 0;
}

/**
 * Bytes of inputs and outputs as they are stored, each counted once; twice where a kernel changes
 * them.
 */
export function bytesOf(
  backend: NativeBackend,
  kernel: string,
  inputs: readonly (TensorInfo | undefined)[],
  outputs: readonly TensorInfo[],
  ints: readonly number[],
): number {
  let bytes = 0;
  const add = ({ dataId }: TensorInfo, most = Number.POSITIVE_INFINITY) => {
    const { storage, size } = backend.data(dataId);
    bytes += STORAGE_BYTES[storage] * Math.min(size, most);
  };
  inputs.forEach((input, index) => {
    if (!input) return;
    const most = PARTS[kernel]?.(index, ints);
    add(input, most);
    if (CHANGED[kernel]?.(index)) add(input, most);
  });
  for (const output of outputs) add(output);
  return bytes;
}
