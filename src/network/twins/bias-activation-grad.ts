import * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS, type Activation } from '../../activations.js';

/** [dz, dBias]: the gradients before an activation, computed from its output y, and of a bias. */
export function biasActivationGradTwin(
  { dy, y }: { dy: tf.Tensor; y: tf.Tensor },
  { activation, bias }: { activation: Activation; bias: boolean },
): tf.Tensor[] {
  const dz = ACTIVATIONS[activation].gradient(dy, y);
  if (!bias) return [dz];
  const axes = dz.shape.slice(0, -1).map((_, axis) => axis);
  return [dz, tf.sum(dz, axes)];
}
