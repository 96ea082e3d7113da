import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { ACTIVATIONS } from '../../activations.js';
import { only, type Shape } from './layer.js';

/** The scaled tanh of LeCun et al., 1998, as a layer of its own. */
export class ScaledTanh extends layers.Layer {
  static readonly className = 'ScaledTanh';

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => ACTIVATIONS.scaledTanh.apply(only(inputs)));
  }
}

tf.serialization.registerClass(ScaledTanh);
