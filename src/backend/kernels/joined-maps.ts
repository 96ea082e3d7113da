/** Kernels on a block of joined maps (…, C), of which layers append and read the first channels. */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { ACTIVATIONS, allFloat } from './convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface AppendInputs {
  x: TensorInfo;
  block?: TensorInfo;
  mean?: TensorInfo;
  variance?: TensorInfo;
}

interface AppendAttrs {
  /** Channels that the block has so far, and in the end. */
  offset: number;
  channels: number;
  /** Whether the mean and variance of x are worked out. */
  statistics: boolean;
}

/**
 * Writes x behind the first channels of a block, in place. Without a block it makes one, and gives
 * [block, mean, variance]: those of its channels that were appended with statistics.
 */
function appendChannels({ inputs, attrs, backend }: KernelCall<AppendInputs, AppendAttrs>) {
  const { x, block, mean, variance } = inputs;
  const { offset, channels, statistics } = attrs;
  if (!allFloat([x])) return undefined;
  const added = x.shape.at(-1) as number;
  const rows = util.sizeFromShape(x.shape) / added;
  const ints = [rows, added, offset, channels, statistics ? 1 : 0];
  if (block) return backend.run('AppendChannels', [x, block, mean, variance], [], ints);
  const shape = [...x.shape.slice(0, -1), channels];
  const outputs = [
    { shape, storage: 'same' },
    { shape: [channels] },
    { shape: [channels] },
  ] as const;
  return backend.run('AppendChannels', [x], outputs, ints);
}

interface Inputs {
  /** The block. */
  x: TensorInfo;
  gamma: TensorInfo;
  beta: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
}

interface Attrs {
  /** The first channels of the block, which the layer reads. */
  channels: number;
  epsilon: number;
  activation: string;
}

interface ForwardInputs extends Inputs {
  runningMean?: TensorInfo;
  runningVariance?: TensorInfo;
}

interface ForwardAttrs extends Attrs {
  momentum: number;
  unbiased: boolean;
}

function sizesOf(block: TensorInfo, channels: number): number[] {
  const stride = block.shape.at(-1) as number;
  return [util.sizeFromShape(block.shape) / stride, channels, stride];
}

/** y by the given statistics, which the running ones take in where there are any. */
function batchNormSlice({ inputs, attrs, backend }: KernelCall<ForwardInputs, ForwardAttrs>) {
  const { x, gamma, beta, mean, variance, runningMean, runningVariance } = inputs;
  const activation = ACTIVATIONS[attrs.activation];
  if (activation === undefined) return undefined;
  const tensors = [x, gamma, beta, mean, variance, runningMean, runningVariance];
  const output = { shape: [...x.shape.slice(0, -1), attrs.channels], storage: 'same' } as const;
  const ints = [...sizesOf(x, attrs.channels), activation, attrs.unbiased ? 1 : 0];
  return backend.runOne('BatchNormSlice', tensors, output, ints, [attrs.epsilon, attrs.momentum]);
}

interface GradInputs extends Inputs {
  dy: TensorInfo;
  /** The gradient of the block, to which that of x is added. */
  dBlock?: TensorInfo;
}

interface GradAttrs extends Attrs {
  frozen: boolean;
  /** Gives the gradient of the block, of which the layer reads all channels. */
  first: boolean;
}

/** [dGamma, dBeta] and, where it is the first, the gradient of the block. */
function batchNormSliceGrad({ inputs, attrs, backend }: KernelCall<GradInputs, GradAttrs>) {
  const { x, dy, gamma, beta, mean, variance, dBlock } = inputs;
  const { channels, frozen, first, epsilon } = attrs;
  const activation = ACTIVATIONS[attrs.activation];
  if (activation === undefined) return undefined;
  const tensors = [x, dy, gamma, beta, mean, variance, dBlock];
  const block = first ? [{ shape: x.shape, storage: 'same' } as const] : [];
  const outputs = [{ shape: [channels] }, { shape: [channels] }, ...block];
  const ints = [...sizesOf(x, channels), activation, frozen ? 1 : 0];
  return backend.run('BatchNormSliceGrad', tensors, outputs, ints, [epsilon]);
}

export const blockKernels: KernelRows = {
  AppendChannels: appendChannels,
  BatchNormSlice: batchNormSlice,
  BatchNormSliceGrad: batchNormSliceGrad,
};
