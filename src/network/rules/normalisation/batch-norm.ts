import * as tf from '@tensorflow/tfjs-core';
import { TENSORFLOW_BACKEND } from '../../../backend/tensorflow/operation.js';
import { runKernel, runKernelForList, share } from '../../run-kernel.js';
import type { LayerNode, Operation, Pass } from '../rule.js';
import { normOfJoined } from './joined-maps.js';
import {
  type GradientInputs,
  gradientTogether,
  type NormInputs,
  type NormSettings,
  normaliseTogether,
  sharesNorm,
} from './synchronised.js';

/**
 * The batch's mean and 1 / √(variance + ε) of each channel, in float32, with what TensorFlow keeps or
 * the variance of several processes' batch.
 */
type Statistics = readonly [mean: tf.Tensor, inverseDeviation: tf.Tensor, saved?: tf.Tensor];

/**
 * BatchNormalization over the last axis, with the residual sum (its second input) and the ReLU
 * after it. A layer whose weights are not trained is frozen: it normalises by its running
 * statistics in training too and leaves them as they are.
 */
export function batchNormalization(node: LayerNode): Operation | undefined {
  if (node.joined) return normOfJoined(node, node.joined);
  const [gamma, beta, mean, variance] = node.weights.map(({ variable }) => variable);
  if (!isPlainNorm(node) || !gamma || !beta || !mean || !variance) return undefined;
  const { epsilon, momentum, unbiased = false } = node.config;
  const [dGammaWeight, dBetaWeight] = node.weights;
  const frozen = dGammaWeight?.index === undefined && dBetaWeight?.index === undefined;
  const activation = node.activation ?? 'linear';
  const sums = node.inputShapes.length > 1;
  const relu = activation === 'relu';
  // TensorFlow's gradient wants it, and layers after this one mostly keep it anyway.
  const readsOutput = relu && (sums || tf.getBackend() === TENSORFLOW_BACKEND);
  const inference = { epsilon, activation };
  const training = { ...inference, momentum, unbiased };
  const gradient = { epsilon, activation, residual: sums, frozen };
  let statistics: Statistics | undefined;

  const forward = ([x, residual]: readonly tf.Tensor[], pass: Pass): tf.Tensor => {
    const inputs = { x, gamma, beta, mean, variance, residual };
    if (frozen || !pass.training) return runKernel('BatchNormInference', inputs, inference);
    const [y, ...batch] = sharesNorm(pass)
      ? normaliseTogether(inputs as NormInputs, training as NormSettings, pass)
      : runKernelForList('BatchNormTrain', inputs, training);
    statistics = batch as unknown as Statistics;
    return y as tf.Tensor;
  };
  const takeStatistics = (): Statistics => {
    if (frozen) {
      return [share(mean), tf.tidy(() => tf.rsqrt(tf.add(variance, epsilon as number)))];
    }
    if (!statistics) throw new Error(`Layer "${node.layer.name}" went backward before forward`);
    const taken = statistics;
    statistics = undefined;
    return taken;
  };
  return {
    keeps: { inputs: [0], output: readsOutput },
    forward,
    backward(dy, [x], output, pass) {
      const [batchMean, inverseDeviation, saved] = takeStatistics();
      const y = readsOutput ? output : undefined;
      const inputs = { dy, x, gamma, beta, mean: batchMean, inverseDeviation, saved, y };
      const results =
        !frozen && sharesNorm(pass)
          ? gradientTogether(inputs as GradientInputs, gradient, pass)
          : runKernelForList('BatchNormGrad', inputs, gradient);
      const [dx, dGamma, dBeta, dMasked] = results as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?];
      tf.dispose([batchMean, inverseDeviation, saved]);
      pass.addGradient(dGammaWeight, dGamma);
      pass.addGradient(dBetaWeight, dBeta);
      const dInputs = [dx, ...(dMasked ? [dMasked] : sums ? [share(dy)] : [])];
      return dInputs.map((gradient, input) => {
        if (node.differentiable[input]) return gradient;
        gradient.dispose();
        return undefined;
      });
    },
    // The tidy around the pass has freed them.
    abandon: () => {
      statistics = undefined;
    },
  };
}

/** Normalises channels last, with gamma and beta. */
export function isPlainNorm({ config, inputShapes }: Pick<LayerNode, 'config' | 'inputShapes'>) {
  const axis = config['axis'] as number;
  const last = (inputShapes[0]?.length ?? 0) - 1;
  return (axis === -1 || axis === last) && config['center'] === true && config['scale'] === true;
}
