import type * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS, type Activation } from '../../../activations.js';
import { FLOAT, operate } from '../../../backend/tensorflow/operation.js';

/** As ../bias-activation-grad.ts, by the operations that TensorFlow has for gradients. */
export function biasActivationGradOfTensorflow(
  { dy, y }: { dy: tf.Tensor; y: tf.Tensor },
  { activation, bias }: { activation: Activation; bias: boolean },
): tf.Tensor[] {
  const dz = activationGrad(activation, dy, y);
  if (!bias) return [dz];
  const dBias = operate('BiasAddGrad', [dz], { T: FLOAT, data_format: 'NHWC' });
  return [dz, dBias[0] as tf.Tensor];
}

function activationGrad(activation: Activation, dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  if (activation === 'relu') return operate('ReluGrad', [dy, y], { T: FLOAT })[0] as tf.Tensor;
  if (activation === 'tanh') return operate('TanhGrad', [y, dy], { T: FLOAT })[0] as tf.Tensor;
  return ACTIVATIONS[activation].gradient(dy, y);
}
