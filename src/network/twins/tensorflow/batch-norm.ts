/** Batch normalisation by TensorFlow's own operation, which reads x twice; all else is as in ../. */
import * as tf from '@tensorflow/tfjs-core';
import { FLOAT, operate } from '../../../backend/tensorflow/operation.js';
import {
  type BatchNormGradAttributes,
  type BatchNormGradInputs,
  type BatchNormInputs,
  type BatchNormTrainAttributes,
  batchNormGradTwin,
  finish,
} from '../batch-norm.js';

const TYPES = { T: FLOAT, U: FLOAT, data_format: 'NHWC' };

/** [y, and what the gradient reads: the mean, the deviation and cuDNN's own]. */
export function batchNormTrainOfTensorflow(
  inputs: BatchNormInputs,
  { epsilon, momentum, unbiased, activation }: BatchNormTrainAttributes,
): tf.Tensor[] {
  const { x, gamma, beta, mean, variance, residual } = inputs;
  const settings = { epsilon: { float: epsilon }, is_training: true };
  const added = { exponential_avg_factor: { float: 1 - momentum } };
  const operands = [asImages(x), gamma, beta, mean, variance];
  const attributes = { ...TYPES, ...settings, ...added };
  const results = operate('FusedBatchNormV3', operands, attributes, 6);
  const [z, newMean, newVariance, ...saved] = results as [tf.Tensor, tf.Tensor, tf.Tensor];
  (mean as tf.Variable).assign(newMean);
  const count = x.size / (x.shape.at(-1) as number);
  // The operation took in the variance divided by n - 1.
  const share = unbiased || count === 1 ? 1 : (count - 1) / count;
  const biased = () => tf.add(tf.mul(newVariance, share), tf.mul(variance, momentum * (1 - share)));
  (variance as tf.Variable).assign(share === 1 ? newVariance : biased());
  return [finish(shaped(z, x), residual, activation), ...saved];
}

/** y with the given statistics. */
export function batchNormInferenceOfTensorflow(
  { x, gamma, beta, mean, variance, residual }: BatchNormInputs,
  { epsilon, activation }: Pick<BatchNormTrainAttributes, 'epsilon' | 'activation'>,
): tf.Tensor {
  const attributes = { ...TYPES, epsilon: { float: epsilon }, is_training: false };
  const operands = [asImages(x), gamma, beta, mean, variance];
  const [z] = operate('FusedBatchNormV3', operands, attributes, 6) as [tf.Tensor];
  return finish(shaped(z, x), residual, activation);
}

export function batchNormGradOfTensorflow(
  inputs: BatchNormGradInputs & { saved?: tf.Tensor },
  attributes: BatchNormGradAttributes & { epsilon: number },
): tf.Tensor[] {
  const { dy, x, gamma, mean, inverseDeviation, saved, y } = inputs;
  const { activation, residual, frozen, epsilon } = attributes;
  if (frozen || saved === undefined) return batchNormGradTwin(inputs, attributes);
  const relu = activation === 'relu';
  const dz = relu ? (operate('ReluGrad', [dy, y as tf.Tensor], { T: FLOAT })[0] as tf.Tensor) : dy;
  const operands = [asImages(dz), asImages(x), gamma, mean, inverseDeviation, saved];
  const settings = { ...TYPES, epsilon: { float: epsilon }, is_training: true };
  const results = operate('FusedBatchNormGradV3', operands, settings, 5);
  const [dx, dGamma, dBeta] = results as [tf.Tensor, tf.Tensor, tf.Tensor];
  const dX = shaped(dx, x);
  return residual && relu ? [dX, dGamma, dBeta, dz] : [dX, dGamma, dBeta];
}

/** The operations take (N, H, W, C) only. */
function asImages(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? x : tf.reshape(x, [-1, 1, 1, x.shape.at(-1) as number]);
}

function shaped(result: tf.Tensor, { rank, shape }: tf.Tensor): tf.Tensor {
  return rank === 4 ? result : tf.reshape(result, shape);
}
