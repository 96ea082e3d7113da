import * as tf from '@tensorflow/tfjs-core';
import { runKernelForList } from './run-kernel.js';
import type { LossSettings } from './twins/cross-entropy.js';
import { registerTwins } from './twins/index.js';

/**
 * `softmax` is the cross-entropy of softmax(logits); `sigmoid` the mean over the classes of the binary
 * cross-entropy of sigmoid(logits).
 */
export type Loss = 'softmax' | 'sigmoid';

/** What the images of a batch are to be beside their labels, where they are mixed. */
export interface Mixed {
  /** (N) int32 labels of what each is mixed with, -1 where it is not. */
  readonly others: tf.Tensor1D;
  /** (N, 2) the shares of the label and of the other in the target. */
  readonly shares: tf.Tensor2D;
}

/**
 * The loss of logits (N, classes) with labels (N) int32, those below 0 ignored. Stats are float32 [loss
 * sum, top-1 hits, top-5 hits, labels that count]; dLogits is the gradient of the mean loss over the
 * labels that count. The hits are those of the labels, also of mixed images.
 */
export function crossEntropy(
  loss: Loss,
  logits: tf.Tensor2D,
  { labels, mixed }: { readonly labels: tf.Tensor1D; readonly mixed?: Mixed | undefined },
  settings: LossSettings,
): { stats: tf.Tensor1D; dLogits: tf.Tensor2D } {
  const kernel = loss === 'softmax' ? 'SoftmaxCrossEntropy' : 'SigmoidCrossEntropy';
  const [stats, dLogits] = runKernelForList(kernel, { logits, labels, ...mixed }, { ...settings });
  return { stats: stats as tf.Tensor1D, dLogits: dLogits as tf.Tensor2D };
}

/** That of softmax(logits). */
export function softmaxCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  settings: LossSettings,
): { stats: tf.Tensor1D; dLogits: tf.Tensor2D } {
  return crossEntropy('softmax', logits, { labels }, settings);
}

/** The same counters of softmax(logits) without a gradient and without smoothing. */
export function lossWithoutGradient(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  registerTwins(tf.getBackend());
  const settings = { smoothing: 0, weight: 1, hits: true };
  const { stats, dLogits } = softmaxCrossEntropy(logits, labels, settings);
  dLogits.dispose();
  return stats;
}
