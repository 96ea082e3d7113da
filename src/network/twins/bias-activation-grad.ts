import * as tf from '@tensorflow/tfjs-core';

type Activation = 'linear' | 'relu' | 'tanh' | 'scaledTanh';

/** [dz, dBias]: the way back through an activation, by its output y, and through a bias. */
export function biasActivationGradTwin(
  { dy, y }: { dy: tf.Tensor; y: tf.Tensor },
  { activation, bias }: { activation: Activation; bias: boolean },
): tf.Tensor[] {
  const dz = activation === 'linear' ? tf.clone(dy) : tf.mul(dy, slopeOf(y, activation));
  if (!bias) return [dz];
  const axes = dz.shape.slice(0, -1).map((_, axis) => axis);
  return [dz, tf.sum(dz, axes)];
}

/** The derivative of an activation at the place where it is y. */
function slopeOf(y: tf.Tensor, activation: Exclude<Activation, 'linear'>): tf.Tensor {
  switch (activation) {
    case 'relu':
      return tf.cast(tf.greater(y, 0), 'float32');
    case 'tanh':
      return tf.sub(1, tf.square(y));
    case 'scaledTanh':
      return tf.mul(2 / 3, tf.sub(1.7159, tf.div(tf.square(y), 1.7159)));
  }
}
