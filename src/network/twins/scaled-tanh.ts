import * as tf from '@tensorflow/tfjs-core';

/** 1.7159 tanh(2x/3), the squashing function of LeCun et al., 1998, appendix A. */
export function scaledTanhTwin({ x }: { x: tf.Tensor }): tf.Tensor {
  return tf.mul(tf.tanh(tf.mul(x, 2 / 3)), 1.7159);
}
