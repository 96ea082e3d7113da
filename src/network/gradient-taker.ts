import type * as tf from '@tensorflow/tfjs-core';

/** Takes gradients over, by the numbers of their weights. */
export interface GradientTaker {
  add(index: number, gradient: tf.Tensor): void;
}
