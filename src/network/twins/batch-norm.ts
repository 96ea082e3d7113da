/** Batch normalisation over all axes but the last. Ioffe & Szegedy 2015, algorithm 1. */
import * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS, type FusedActivation } from '../../activations.js';

type Activation = FusedActivation<'batch normalisation'>;

interface ChannelTensors {
  gamma: tf.Tensor;
  beta: tf.Tensor;
  mean: tf.Tensor;
}

export interface BatchNormInputs extends ChannelTensors {
  x: tf.Tensor;
  variance: tf.Tensor;
  residual?: tf.Tensor;
}

const axesOf = (x: tf.Tensor) => x.shape.slice(0, -1).map((_, axis) => axis);
const inverseOf = (variance: tf.Tensor, epsilon: number) => tf.rsqrt(tf.add(variance, epsilon));

/** gamma * (x - mean) * inverse + beta. */
function normalise(x: tf.Tensor, { gamma, beta, mean }: ChannelTensors, inverse: tf.Tensor) {
  return tf.add(tf.mul(tf.sub(x, mean), tf.mul(gamma, inverse)), beta);
}

export interface BatchNormTrainAttributes {
  epsilon: number;
  momentum: number;
  unbiased: boolean;
  activation: Activation;
}

/** What follows the normalisation: a sum and an activation. */
export function finish(
  z: tf.Tensor,
  residual: tf.Tensor | undefined,
  activation: Activation,
): tf.Tensor {
  const sum = residual === undefined ? z : tf.add(z, residual);
  return ACTIVATIONS[activation].apply(sum);
}

/**
 * [y, mean, 1 / sqrt(variance + epsilon)] with the statistics of this batch. The running `mean` and
 * `variance`, tf variables, keep the share `momentum`; the variance that they take in is divided by
 * n - 1 if `unbiased`, as in PyTorch, save that of one value.
 */
export function batchNormTrainTwin(
  inputs: BatchNormInputs,
  attributes: BatchNormTrainAttributes,
): tf.Tensor[] {
  const { x, mean, variance, residual } = inputs;
  const { epsilon, momentum, unbiased, activation } = attributes;
  const batch = tf.moments(x, axesOf(x));
  const inverse = inverseOf(batch.variance, epsilon);
  const z = normalise(x, { ...inputs, mean: batch.mean }, inverse);
  const count = x.size / (x.shape.at(-1) as number);
  const correction = unbiased && count > 1 ? count / (count - 1) : 1;
  const blend = (running: tf.Tensor, added: tf.Tensor) =>
    (running as tf.Variable).assign(tf.add(tf.mul(running, momentum), tf.mul(added, 1 - momentum)));
  blend(mean, batch.mean);
  blend(variance, tf.mul(batch.variance, correction));
  return [finish(z, residual, activation), batch.mean, inverse];
}

/** y with the given statistics. */
export function batchNormInferenceTwin(
  inputs: BatchNormInputs,
  { epsilon, activation }: { epsilon: number; activation: Activation },
): tf.Tensor {
  const z = normalise(inputs.x, inputs, inverseOf(inputs.variance, epsilon));
  return finish(z, inputs.residual, activation);
}

export interface BatchNormGradInputs extends ChannelTensors {
  dy: tf.Tensor;
  x: tf.Tensor;
  inverseDeviation: tf.Tensor;
  y?: tf.Tensor;
}

export interface BatchNormGradAttributes {
  activation: Activation;
  residual: boolean;
  frozen: boolean;
}

/**
 * [dx, dGamma, dBeta], and dResidual where a ReLU follows a residual sum. Where the ReLU was
 * positive is read from y if it is given, as it is with a residual, else computed from x. `frozen` statistics do not
 * depend on x.
 */
export function batchNormGradTwin(
  inputs: BatchNormGradInputs,
  attributes: BatchNormGradAttributes,
): tf.Tensor[] {
  const { dy, x, gamma, mean, inverseDeviation, y } = inputs;
  const { activation, residual, frozen } = attributes;
  const relu = activation === 'relu';
  const output = () => y ?? normalise(x, inputs, inverseDeviation);
  const dz = relu ? ACTIVATIONS.relu.gradient(dy, output()) : dy;
  const normal = tf.mul(tf.sub(x, mean), inverseDeviation);
  const dBeta = tf.sum(dz, axesOf(x));
  const dGamma = tf.sum(tf.mul(dz, normal), axesOf(x));
  const count = x.size / (x.shape.at(-1) as number);
  const ofStatistics = () => tf.div(tf.add(dBeta, tf.mul(normal, dGamma)), count);
  const dx = tf.mul(frozen ? dz : tf.sub(dz, ofStatistics()), tf.mul(gamma, inverseDeviation));
  return residual && relu ? [dx, dGamma, dBeta, dz] : [dx, dGamma, dBeta];
}
