/**
 * Kernels on a dense block's shared tensor (…, C): a layer reads its first channels and appends its
 * own after them.
 */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { fusedNumber } from '../../../activations.js';
import { allFloat } from '../products/convolution.js';
import type { KernelCall, KernelRows } from '../row.js';

interface AppendInputs {
  x: TensorInfo;
  joined?: TensorInfo;
  mean?: TensorInfo;
  variance?: TensorInfo;
}

interface AppendAttrs {
  /** Channels appended so far, and all of them. */
  offset: number;
  channels: number;
  /** Whether the mean and variance of x are worked out. */
  statistics: boolean;
}

/**
 * Writes x after the first channels of the joined maps, in place. Without these it makes them, and
 * gives [joined, mean, variance]: those of the channels that were appended with statistics.
 */
function appendChannels({ inputs, attrs, backend }: KernelCall<AppendInputs, AppendAttrs>) {
  const { x, joined, mean, variance } = inputs;
  const { offset, channels, statistics } = attrs;
  if (!allFloat([x])) return undefined;
  const added = x.shape.at(-1) as number;
  const rows = util.sizeFromShape(x.shape) / added;
  const params = {
    rows,
    channels: added,
    offset,
    stride: channels,
    statistics: Number(statistics),
  };
  if (joined) return backend.run('AppendChannels', [x, joined, mean, variance], [], params);
  const shape = [...x.shape.slice(0, -1), channels];
  const outputs = [
    { shape, storage: 'same' },
    { shape: [channels] },
    { shape: [channels] },
  ] as const;
  return backend.run('AppendChannels', [x], outputs, params);
}

interface Inputs {
  /** The joined maps. */
  x: TensorInfo;
  gamma: TensorInfo;
  beta: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
}

interface Attrs {
  /** The number of first channels that the layer reads. */
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

function sizesOf(joined: TensorInfo, channels: number) {
  const stride = joined.shape.at(-1) as number;
  return { rows: util.sizeFromShape(joined.shape) / stride, channels, stride };
}

/** y by the given statistics; running statistics, if there are any, are updated with them. */
function batchNormSlice({ inputs, attrs, backend }: KernelCall<ForwardInputs, ForwardAttrs>) {
  const { x, gamma, beta, mean, variance, runningMean, runningVariance } = inputs;
  const activation = fusedNumber(attrs.activation, 'batch normalisation');
  if (activation === undefined) return undefined;
  const tensors = [x, gamma, beta, mean, variance, runningMean, runningVariance];
  const output = { shape: [...x.shape.slice(0, -1), attrs.channels], storage: 'same' } as const;
  const { channels, unbiased, epsilon, momentum } = attrs;
  const sizes = sizesOf(x, channels);
  const params = { ...sizes, activation, unbiased: Number(unbiased), epsilon, momentum };
  return backend.runOne('BatchNormSlice', tensors, output, params);
}

interface GradInputs extends Inputs {
  dy: TensorInfo;
  /** The gradient of the joined maps, to which that of x is added. */
  dJoined?: TensorInfo;
}

interface GradAttrs extends Attrs {
  frozen: boolean;
  /** The layer reads every channel, so this creates the joined gradient instead of adding to it. */
  first: boolean;
}

/** [dGamma, dBeta] and, where it is the first, the gradient of the joined maps. */
function batchNormSliceGrad({ inputs, attrs, backend }: KernelCall<GradInputs, GradAttrs>) {
  const { x, dy, gamma, beta, mean, variance, dJoined } = inputs;
  const { channels, frozen, first, epsilon } = attrs;
  const activation = fusedNumber(attrs.activation, 'batch normalisation');
  if (activation === undefined) return undefined;
  const tensors = [x, dy, gamma, beta, mean, variance, dJoined];
  const created = first ? [{ shape: x.shape, storage: 'same' } as const] : [];
  const outputs = [{ shape: [channels] }, { shape: [channels] }, ...created];
  const params = { ...sizesOf(x, channels), activation, frozen: Number(frozen), epsilon };
  return backend.run('BatchNormSliceGrad', tensors, outputs, params);
}

export const joinedMapsKernels: KernelRows = {
  AppendChannels: appendChannels,
  BatchNormSlice: batchNormSlice,
  BatchNormSliceGrad: batchNormSliceGrad,
};
