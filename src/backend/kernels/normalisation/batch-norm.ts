import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { fusedNumber } from '../../../activations.js';
import { allFloat } from '../products/convolution.js';
import type { KernelCall, KernelRows } from '../row.js';

interface Vectors {
  gamma?: TensorInfo | undefined;
  beta?: TensorInfo | undefined;
  mean: TensorInfo;
  variance: TensorInfo;
}

interface Inputs extends Vectors {
  x: TensorInfo;
  residual?: TensorInfo | undefined;
}

/** Rows and channels of a tensor (…, C). */
function sizesOf(x: TensorInfo): { rows: number; channels: number } {
  const channels = x.shape.at(-1) ?? 1;
  return { rows: util.sizeFromShape(x.shape) / channels, channels };
}

/** Whether the addon takes these: plain floats, one for each channel of x. */
function areOfChannels(call: KernelCall, x: TensorInfo, vectors: (TensorInfo | undefined)[]) {
  const { channels } = sizesOf(x);
  return vectors.every(
    (vector) =>
      vector === undefined ||
      (util.sizeFromShape(vector.shape) === channels && call.backend.storageOf(vector) === 'f32'),
  );
}

interface TrainAttrs {
  epsilon: number;
  momentum: number;
  unbiased: boolean;
  activation: string;
}

/** [y, mean, 1 / sqrt(variance + epsilon)] of the batch; the running statistics change in place. */
function batchNormTrain(call: KernelCall<Inputs, TrainAttrs>) {
  const { inputs, attrs, backend } = call;
  const { x, gamma, beta, mean, variance, residual } = inputs;
  const activation = fusedNumber(attrs.activation, 'batch normalisation');
  if (activation === undefined || !allFloat([x, residual])) return undefined;
  if (!areOfChannels(call, x, [gamma, beta, mean, variance])) return undefined;
  const { rows, channels } = sizesOf(x);
  const outputs = [
    { shape: x.shape, storage: 'same' },
    { shape: [channels] },
    { shape: [channels] },
  ] as const;
  const tensors = [x, gamma, beta, mean, variance, residual];
  const { epsilon, momentum, unbiased } = attrs;
  const sizes = { rows, channels };
  const params = { ...sizes, activation, unbiased: Number(unbiased), epsilon, momentum };
  return backend.run('BatchNormTrain', tensors, outputs, params);
}

interface InferenceAttrs {
  epsilon: number;
  activation: string;
}

function batchNormInference(call: KernelCall<Inputs, InferenceAttrs>) {
  const { inputs, attrs, backend } = call;
  const { x, gamma, beta, mean, variance, residual } = inputs;
  const activation = fusedNumber(attrs.activation, 'batch normalisation');
  if (activation === undefined || !allFloat([x, residual])) return undefined;
  if (!areOfChannels(call, x, [gamma, beta, mean, variance])) return undefined;
  const tensors = [x, gamma, beta, mean, variance, residual];
  const output = { shape: x.shape, storage: 'same' } as const;
  const params = { ...sizesOf(x), activation, epsilon: attrs.epsilon };
  return backend.runOne('BatchNormInference', tensors, output, params);
}

interface FusedInputs {
  x: TensorInfo;
  scale?: TensorInfo;
  offset?: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
}

/** tfjs's own; the fallback computes statistics that are not one for each channel. */
function fusedBatchNorm(call: KernelCall<FusedInputs, { varianceEpsilon: number }>) {
  const { x, scale: gamma, offset: beta, mean, variance } = call.inputs;
  const attrs = { epsilon: call.attrs.varianceEpsilon, activation: 'linear' };
  return batchNormInference({ ...call, inputs: { x, gamma, beta, mean, variance }, attrs });
}

interface GradInputs {
  dy: TensorInfo;
  x: TensorInfo;
  gamma: TensorInfo;
  beta: TensorInfo;
  mean: TensorInfo;
  inverseDeviation: TensorInfo;
  y?: TensorInfo;
}

interface GradAttrs {
  activation: string;
  residual: boolean;
  frozen: boolean;
}

/**
 * [dx, dGamma, dBeta], and dResidual where it differs from dy: where a ReLU follows the addition.
 */
function batchNormGrad(call: KernelCall<GradInputs, GradAttrs>) {
  const { inputs, attrs, backend } = call;
  const { dy, x, gamma, beta, mean, inverseDeviation, y } = inputs;
  const activation = fusedNumber(attrs.activation, 'batch normalisation');
  const readsOutput = attrs.residual && attrs.activation === 'relu';
  if (readsOutput && y === undefined) {
    throw new Error(
      'Expected BatchNormGrad to receive y with a residual and ReLU, but it is missing.',
    );
  }
  if (activation === undefined || !allFloat([dy, x, y])) return undefined;
  if (!areOfChannels(call, x, [gamma, beta, mean, inverseDeviation])) return undefined;
  const { rows, channels } = sizesOf(x);
  const like = { shape: x.shape, storage: 'same' } as const;
  const outputs = [like, { shape: [channels] }, { shape: [channels] }];
  const tensors = [dy, x, gamma, beta, mean, inverseDeviation];
  const params = { rows, channels, activation, frozen: Number(attrs.frozen) };
  if (!readsOutput) return backend.run('BatchNormGrad', tensors, outputs, params);
  return backend.run('BatchNormGrad', [...tensors, y], [...outputs, like], params);
}

export const batchNormKernels: KernelRows = {
  BatchNormTrain: batchNormTrain,
  BatchNormInference: batchNormInference,
  BatchNormGrad: batchNormGrad,
  FusedBatchNorm: fusedBatchNorm,
};
