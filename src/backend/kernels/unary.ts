import type { TensorInfo } from '@tensorflow/tfjs-core';
import { UNARY } from '../parameters.js';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelFunction, KernelRows } from './row.js';

/** Functions of one number; the result is stored like the input. */
function unary(kernel: (typeof UNARY)[number]): KernelFunction {
  return ({ inputs: { x }, backend }: KernelCall<{ x: TensorInfo }>) =>
    allFloat([x]) ? backend.runOne(kernel, [x], { shape: x.shape, storage: 'same' }) : undefined;
}

const step = unary('Step');

export const unaryKernels: KernelRows = {
  ...Object.fromEntries(UNARY.map((name) => [name, unary(name)])),
  // Our kernel has no slope below 0.
  Step: (call) => (call.attrs.alpha === 0 ? step(call) : undefined),
};
