import { broadcast_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../native-backend.js';
import { ARITHMETIC, COMPARISONS } from '../parameters.js';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelFunction, KernelRows } from './row.js';
import { broadcastStrides, mergeAxes } from './strides.js';

type BinaryKernel = (typeof ARITHMETIC)[number] | (typeof COMPARISONS)[number];

/**
 * A function of two numbers with broadcasting, or undefined where the addon does not take them. In
 * bf16 the result is bfloat16 only if both operands are.
 */
export function runBinary(
  backend: NativeBackend,
  kernel: BinaryKernel,
  a: TensorInfo,
  b: TensorInfo,
  dtype: 'float32' | 'bool' = 'float32',
): TensorInfo | undefined {
  if (!allFloat([a, b])) return undefined;
  const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const walk = mergeAxes(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape));
  if (walk === undefined) return undefined;
  const { sizes, strides } = walk;
  const params = { rank: sizes.length, sizes, stridesA: strides[0], stridesB: strides[1] };
  const narrow = backend.storageOf(a) === 'bf16' && backend.storageOf(b) === 'bf16';
  const storage = narrow ? 'same' : 'f32';
  return backend.runOne(kernel, [a, b], { shape, dtype, storage }, params);
}

type BinaryInputs = { a: TensorInfo; b: TensorInfo };

function binary(kernel: BinaryKernel, dtype: 'float32' | 'bool'): KernelFunction {
  return ({ inputs: { a, b }, backend }: KernelCall<BinaryInputs>) =>
    runBinary(backend, kernel, a, b, dtype);
}

/** A sum of two or more tensors of the same shape. */
function addAll({ inputs, backend }: KernelCall<TensorInfo[]>): TensorInfo | undefined {
  if (inputs.length < 2 || !allFloat(inputs)) return undefined;
  let [sum, ...rest] = inputs as [TensorInfo, ...TensorInfo[]];
  for (const [index, term] of rest.entries()) {
    const next = runBinary(backend, 'Add', sum, term) as TensorInfo;
    if (index > 0) backend.disposeData(sum.dataId);
    sum = next;
  }
  return sum;
}

export const binaryKernels: KernelRows = {
  ...Object.fromEntries(ARITHMETIC.map((name) => [name, binary(name, 'float32')])),
  ...Object.fromEntries(COMPARISONS.map((name) => [name, binary(name, 'bool')])),
  AddN: addAll,
};
