/** Batch normalisation by the statistics of a batch that several processes share. */
import * as tf from '@tensorflow/tfjs-core';
import { runKernel, runKernelForList } from '../../run-kernel.js';
import type { Pass, Together } from '../rule.js';

/** Of the whole batch, by channel. */
interface WholeStatistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

type Shared = Pick<Pass, 'step'> & { readonly together: Together };

/** Whether several processes normalise by the statistics of all their images. */
export function sharesNorm(pass: Pass): pass is Pass & { together: Together } {
  return pass.together?.syncNorm === true;
}

/** What this process has of the batch, and all processes, in values of a channel. */
function countsOf(x: tf.Tensor, { images }: Together) {
  const [own = 1] = x.shape;
  const rows = x.size / (x.shape.at(-1) as number);
  return { share: own / images, rows: (rows / own) * images };
}

/** Mean and variance of all processes; those of parts are joined about the common mean. */
function wholeStatistics(x: tf.Tensor, shared: Shared): WholeStatistics {
  return tf.tidy(() => {
    const channels = x.shape.at(-1) as number;
    const attributes = { offset: 0, channels, statistics: true };
    const found = runKernelForList('AppendChannels', { x }, attributes);
    const [copy, ownMean, ownVariance] = found as [tf.Tensor, tf.Tensor, tf.Tensor];
    copy.dispose();
    const { share } = countsOf(x, shared.together);
    const mean = sumOfAll(tf.mul(ownMean, share), shared);
    const about = tf.add(ownVariance, tf.square(tf.sub(ownMean, mean)));
    return { mean, variance: sumOfAll(tf.mul(about, share), shared) };
  });
}

export interface NormInputs {
  readonly x: tf.Tensor;
  readonly gamma: tf.Tensor;
  readonly beta: tf.Tensor;
  /** The running statistics, which change in place. */
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
  readonly residual?: tf.Tensor;
}

export interface NormSettings {
  readonly epsilon: number;
  readonly momentum: number;
  readonly unbiased: boolean;
  readonly activation: string;
}

/** What the kernel BatchNormTrain gives, and the variance. */
export function normaliseTogether(
  inputs: NormInputs,
  { epsilon, momentum, unbiased, activation }: NormSettings,
  shared: Shared,
): tf.Tensor[] {
  return tf.tidy(() => {
    const { x } = inputs;
    const { mean, variance } = wholeStatistics(x, shared);
    const { rows } = countsOf(x, shared.together);
    const counted = unbiased ? tf.mul(variance, rows / Math.max(1, rows - 1)) : variance;
    const pairs = [inputs.mean, mean, inputs.variance, counted];
    runKernelForList('Accumulate', pairs, { keep: momentum, share: 1 - momentum });
    const given = { ...inputs, mean, variance };
    const y = runKernel('BatchNormInference', given, { epsilon, activation });
    return [y, mean, tf.rsqrt(tf.add(variance, epsilon)), variance];
  });
}

export interface GradientInputs {
  readonly dy: tf.Tensor;
  readonly x: tf.Tensor;
  readonly gamma: tf.Tensor;
  readonly mean: tf.Tensor;
  readonly inverseDeviation: tf.Tensor;
  /** The variance of the batch. */
  readonly saved: tf.Tensor;
}

/** What the kernel BatchNormGrad gives; the outputs of all processes depend on each x. */
export function gradientTogether(
  inputs: GradientInputs,
  attributes: { readonly epsilon: unknown },
  shared: Shared,
): tf.Tensor[] {
  const plain = { ...attributes, frozen: true };
  const [own, dGamma, dBeta, ...more] = runKernelForList('BatchNormGrad', { ...inputs }, plain);
  const dx = tf.tidy(() => {
    const { x, gamma, mean, inverseDeviation, saved: variance } = inputs;
    const { rows } = countsOf(x, shared.together);
    const factor = tf.div(tf.mul(gamma, inverseDeviation), -rows);
    const scale = tf.mul(factor, sumOfAll(dGamma as tf.Tensor, shared));
    const shift = tf.mul(factor, sumOfAll(dBeta as tf.Tensor, shared));
    const given = { x, gamma: scale, beta: shift, mean, variance, residual: own };
    const settings = { epsilon: attributes.epsilon, activation: 'linear' };
    return runKernel('BatchNormInference', given, settings);
  });
  own?.dispose();
  return [dx, dGamma as tf.Tensor, dBeta as tf.Tensor, ...more];
}

function sumOfAll(own: tf.Tensor, { step }: Shared): tf.Tensor {
  const sums = runKernel('AllReduceStart', [own], { step, narrow: false });
  const [sum] = runKernelForList('AllReduceWait', [sums], { shapes: [own.shape], images: 0 });
  return sum as tf.Tensor;
}
