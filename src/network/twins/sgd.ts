import * as tf from '@tensorflow/tfjs-core';

export interface SgdAttributes {
  lr: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number[];
  lrScale: number[];
}

/** Inputs [w0, m0, g0, w1, m1, g1, …], weights and momenta tf variables; has no output. */
export function sgdTwin(
  inputs: tf.Tensor[],
  { lr, momentum, nesterov, weightDecay, lrScale }: SgdAttributes,
): tf.Tensor[] {
  for (let index = 0; index < weightDecay.length; index++) {
    const [w, m, g] = inputs.slice(3 * index, 3 * index + 3) as [
      tf.Variable,
      tf.Variable,
      tf.Tensor,
    ];
    tf.tidy(() => {
      const decayed = tf.add(g, tf.mul(w, weightDecay[index] ?? 0));
      m.assign(tf.add(tf.mul(m, momentum), decayed));
      const direction = nesterov ? tf.add(decayed, tf.mul(m, momentum)) : m;
      w.assign(tf.sub(w, tf.mul(direction, lr * (lrScale[index] ?? 1))));
    });
  }
  return [];
}
