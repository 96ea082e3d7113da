import * as tf from '@tensorflow/tfjs-core';

interface LossInputs {
  readonly logits: tf.Tensor2D;
  readonly labels: tf.Tensor1D;
  /** Of mixed images. */
  readonly others?: tf.Tensor1D;
  readonly shares?: tf.Tensor2D;
}

/** [stats, dLogits] of the cross-entropy of softmax(logits); see ../loss.ts. */
export function softmaxCrossEntropyTwin(inputs: LossInputs, settings: LossSettings): tf.Tensor[] {
  return crossEntropy(inputs, settings, (logits, targets) => {
    const logProbabilities = tf.logSoftmax(logits);
    // Where, not a product: a class without a share may hold a value that is not finite.
    const asked = tf.where(tf.greater(targets, 0), logProbabilities, tf.zerosLike(targets));
    const losses = tf.neg(tf.sum(tf.mul(targets, asked), 1)) as tf.Tensor1D;
    return { losses, gradient: tf.sub(tf.exp(logProbabilities), targets) };
  });
}

/** The same of the mean over the classes of the binary cross-entropy of sigmoid(logits). */
export function sigmoidCrossEntropyTwin(inputs: LossInputs, settings: LossSettings): tf.Tensor[] {
  return crossEntropy(inputs, settings, (logits, targets) => {
    const asked = tf.where(tf.greater(targets, 0), logits, tf.zerosLike(targets));
    const rest = tf.log1p(tf.exp(tf.neg(tf.abs(logits))));
    const each = tf.sub(tf.add(tf.relu(logits), rest), tf.mul(targets, asked));
    const losses = tf.mean(each, 1) as tf.Tensor1D;
    const difference = tf.sub(tf.sigmoid(logits), targets);
    return { losses, gradient: tf.div(difference, logits.shape[1]) };
  });
}

/** `lossOf` gives the losses of rows of logits (N, classes) with such targets, and their gradient. */
function crossEntropy(
  { logits, labels, others, shares }: LossInputs,
  { smoothing, weight, hits }: LossSettings,
  lossOf: (
    logits: tf.Tensor2D,
    targets: tf.Tensor2D,
  ) => { losses: tf.Tensor1D; gradient: tf.Tensor },
): tf.Tensor[] {
  const classes = logits.shape[1];
  const counted = tf.cast(tf.greaterEqual(labels, 0), 'float32');
  const count = tf.sum(counted);
  // A label below 0 gives a row of zeros.
  const oneHot = tf.cast(tf.oneHot(labels, classes), 'float32') as tf.Tensor2D;
  const whole = others && shares ? mixedTargets(oneHot, others, shares) : oneHot;
  const rows = tf.expandDims(counted, 1);
  const targets = tf.add(tf.mul(whole, 1 - smoothing), tf.mul(rows, smoothing / classes));
  const { losses, gradient } = lossOf(logits, targets as tf.Tensor2D);
  // Where, not a product: an ignored row may hold values that are not finite.
  const ignored = tf.equal(counted, 0);
  const loss = tf.sum(tf.where(ignored, tf.zerosLike(losses), losses));
  const difference = tf.mul(gradient, tf.div(weight, tf.maximum(count, 1)));
  const ignoredRows = tf.broadcastTo(tf.expandDims(ignored, 1), logits.shape);
  const dLogits = tf.where(ignoredRows, tf.zerosLike(difference), difference);

  const weighted = tf.mul(loss, weight);
  if (!hits) return [tf.stack([weighted, 0, 0, 0]), dLogits];
  const ranks = labelRanks(logits, oneHot, labels);
  const hitsAmong = (k: number) =>
    tf.sum(tf.mul(tf.cast(tf.less(ranks, Math.min(k, classes)), 'float32'), counted));
  return [tf.stack([weighted, hitsAmong(1), hitsAmong(5), count]), dLogits];
}

/** The shares of both labels; of one alone where the other is below 0. */
function mixedTargets(oneHot: tf.Tensor2D, others: tf.Tensor1D, shares: tf.Tensor2D): tf.Tensor2D {
  const other = tf.cast(tf.oneHot(others, oneHot.shape[1]), 'float32');
  const [own, rest] = tf.split(shares, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const alone = tf.expandDims(tf.less(others, 0), 1);
  const kept = tf.where(alone, tf.onesLike(own), own);
  return tf.add(tf.mul(oneHot, kept), tf.mul(other, rest));
}

/**
 * A label is a hit among the top k when fewer than k logits rank before it: those that are greater,
 * those that are equal and come earlier, and all that are NaN.
 */
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
