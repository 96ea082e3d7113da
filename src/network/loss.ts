import * as tf from '@tensorflow/tfjs-core';
import { runKernelForList } from './run-kernel.js';
import { registerTwins } from './twins/index.js';
import type { LossSettings } from './twins/softmax-cross-entropy.js';

/**
 * The cross-entropy of softmax(logits) (N, classes) with labels (N) int32, those below 0 ignored.
 * Stats are float32 [loss sum, top-1 hits, top-5 hits, labels that count]; dLogits is the gradient
 * of the mean loss over the labels that count.
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  settings: LossSettings,
): { stats: tf.Tensor1D; dLogits: tf.Tensor2D } {
  const attributes = { ...settings };
  const [stats, dLogits] = runKernelForList('SoftmaxCrossEntropy', { logits, labels }, attributes);
  return { stats: stats as tf.Tensor1D, dLogits: dLogits as tf.Tensor2D };
}

/** The same counters without a gradient and without smoothing. */
export function lossWithoutGradient(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  registerTwins(tf.getBackend());
  const settings = { smoothing: 0, weight: 1, hits: true };
  const { stats, dLogits } = softmaxCrossEntropy(logits, labels, settings);
  dLogits.dispose();
  return stats;
}
