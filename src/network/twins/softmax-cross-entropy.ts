import * as tf from '@tensorflow/tfjs-core';

/**
 * [stats, dLogits]; see ../loss.ts. A label is a hit among the top k when fewer than k logits rank
 * before it: those that are greater, those that are equal and come earlier, and all that are NaN.
 */
export function softmaxCrossEntropyTwin(
  { logits, labels }: { logits: tf.Tensor2D; labels: tf.Tensor1D },
  { smoothing, weight, hits }: LossSettings,
): tf.Tensor[] {
  const classes = logits.shape[1];
  const counted = tf.cast(tf.greaterEqual(labels, 0), 'float32');
  const count = tf.sum(counted);
  // A label below 0 gives a row of zeros.
  const oneHot = tf.cast(tf.oneHot(labels, classes), 'float32') as tf.Tensor2D;
  const rows = tf.expandDims(counted, 1);
  const targets = tf.add(tf.mul(oneHot, 1 - smoothing), tf.mul(rows, smoothing / classes));
  const logProbabilities = tf.logSoftmax(logits);
  // Where, not a product: an ignored row, or a class without a share, may hold values that are not
  // finite.
  const asked = tf.where(tf.greater(targets, 0), logProbabilities, tf.zerosLike(targets));
  const losses = tf.neg(tf.sum(tf.mul(targets, asked), 1));
  const ignored = tf.equal(counted, 0);
  const loss = tf.sum(tf.where(ignored, tf.zerosLike(losses), losses));
  const scale = tf.div(weight, tf.maximum(count, 1));
  const difference = tf.mul(tf.sub(tf.exp(logProbabilities), targets), scale);
  const ignoredRows = tf.broadcastTo(tf.expandDims(ignored, 1), logits.shape);
  const dLogits = tf.where(ignoredRows, tf.zerosLike(difference), difference);

  const weighted = tf.mul(loss, weight);
  if (!hits) return [tf.stack([weighted, 0, 0, 0]), dLogits];
  const ranks = labelRanks(logits, oneHot, labels);
  const hitsAmong = (k: number) =>
    tf.sum(tf.mul(tf.cast(tf.less(ranks, Math.min(k, classes)), 'float32'), counted));
  return [tf.stack([weighted, hitsAmong(1), hitsAmong(5), count]), dLogits];
}

function labelRanks(logits: tf.Tensor2D, oneHot: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor {
  const ofLabel = tf.sum(tf.where(tf.cast(oneHot, 'bool'), logits, tf.zerosLike(logits)), 1, true);
  const before = tf.less(tf.range(0, logits.shape[1], 1, 'int32'), tf.expandDims(labels, 1));
  const greater = tf.logicalNot(tf.lessEqual(logits, ofLabel));
  const tied = tf.logicalAnd(tf.equal(logits, ofLabel), before);
  return tf.sum(tf.cast(tf.logicalOr(greater, tied), 'float32'), 1);
}

export interface LossSettings {
  /** Share of the label's probability that is spread over all classes. */
  readonly smoothing: number;
  /** Factor of the loss and its gradient. */
  readonly weight: number;
  /** Count hits and labels; else those counters are 0. */
  readonly hits: boolean;
}
