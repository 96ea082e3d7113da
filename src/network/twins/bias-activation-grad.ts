import * as tf from '@tensorflow/tfjs-core';

/** [dz, dBias]: the way back through an activation, by its output y, and through a bias. */
export function biasActivationGradTwin(
  { dy, y }: { dy: tf.Tensor; y: tf.Tensor },
  { activation, bias }: { activation: 'linear' | 'relu' | 'tanh'; bias: boolean },
): tf.Tensor[] {
  const dz =
    activation === 'relu'
      ? tf.mul(dy, tf.cast(tf.greater(y, 0), 'float32'))
      : activation === 'tanh'
        ? tf.mul(dy, tf.sub(1, tf.square(y)))
        : tf.clone(dy);
  if (!bias) return [dz];
  const axes = dz.shape.slice(0, -1).map((_, axis) => axis);
  return [dz, tf.sum(dz, axes)];
}
