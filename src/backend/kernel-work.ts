/** The least work of a kernel call: floating-point operations and bytes. */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { STORAGE_BYTES } from './addon.js';
import type { NativeBackend } from './native-backend.js';
import type { NativeKernel, ParametersOf } from './parameters.js';

type ByKernel<Value> = {
  readonly [K in NativeKernel]?: (parameters: ParametersOf<K>) => Value;
};

/** Floating-point operations; kernels that are not here only move data. */
const OPERATIONS: ByKernel<number> = {
  FusedConv2D: convolution,
  Conv2DBackpropInput: convolution,
  Conv2DBackpropFilter: convolution,
  BatchMatMul: ({ batchA, batchB, m, k, n }) => 2 * Math.max(batchA, batchB) * m * k * n,
  PeakMultiplyAdd: ({ threads, count }) => 2 * threads * count,
};

/** The inputs that a kernel changes in place, so that they are written as well as read. */
const CHANGED: { readonly [K in NativeKernel]?: (index: number) => boolean } = {
  // Weights and state of [w0, m0, g0, w1, …].
  Sgd: (index) => index % 3 < 2,
  RmsProp: (index) => index % 4 < 3,
  Lars: (index) => index % 3 < 2,
  AdamW: (index) => index % 4 < 3,
  Lamb: (index) => index % 4 < 3,
  Accumulate: (index) => index % 2 === 0,
  PeakUpdate: () => true,
  // The gradient of joined maps; appended maps are written only.
  BatchNormSliceGrad: (index) => index === 6,
};

/** Whether a kernel changes this input in place. */
export function changesInput(kernel: NativeKernel, index: number): boolean {
  return CHANGED[kernel]?.(index) ?? false;
}

/** For kernels that read only part of an input: how many of the elements of which inputs. */
const PARTS: ByKernel<Part> = {
  AppendChannels: (sizes) => ({ inputs: [1], elements: rowsOf(sizes) }),
  BatchNormSlice: (sizes) => ({ inputs: [0], elements: rowsOf(sizes) }),
  BatchNormSliceGrad: (sizes) => ({ inputs: [0, 6], elements: rowsOf(sizes) }),
  StridedCopy: ({ sizes }) => ({ inputs: [0], elements: util.sizeFromShape([...sizes]) }),
};

interface Part {
  readonly inputs: readonly number[];
  readonly elements: number;
}

function rowsOf({ rows, channels }: { rows: number; channels: number }): number {
  return rows * channels;
}

/** A multiplication and an addition for each output, filter position and input channel. */
function convolution(sizes: ParametersOf<'FusedConv2D'>): number {
  const outputs = sizes.batch * sizes.outHeight * sizes.outWidth * sizes.outChannels;
  const taps = sizes.filterHeight * sizes.filterWidth;
  return (2 * outputs * taps * sizes.inChannels) / sizes.groups;
}

/** Floating-point operations of a call, padding counted like pixels. */
export function operationsOf<K extends NativeKernel>(
  kernel: K,
  parameters: ParametersOf<K>,
): number {
  return OPERATIONS[kernel]?.(parameters) ?? 0;
}

/**
 * Bytes of inputs and outputs as they are stored, each counted once; twice where a kernel changes
 * them.
 */
export function bytesOf<K extends NativeKernel>(
  backend: NativeBackend,
  kernel: K,
  inputs: readonly (TensorInfo | undefined)[],
  outputs: readonly TensorInfo[],
  parameters: ParametersOf<K>,
): number {
  const part = PARTS[kernel]?.(parameters);
  let bytes = 0;
  const add = ({ dataId }: TensorInfo, most = Number.POSITIVE_INFINITY) => {
    const { storage, size } = backend.data(dataId);
    bytes += STORAGE_BYTES[storage] * Math.min(size, most);
  };
  inputs.forEach((input, index) => {
    if (!input) return;
    const most = part?.inputs.includes(index) ? part.elements : undefined;
    add(input, most);
    if (CHANGED[kernel]?.(index)) add(input, most);
  });
  for (const output of outputs) add(output);
  return bytes;
}
