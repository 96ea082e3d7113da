import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { only, type Shape } from './layer.js';

/** 1.7159 tanh(2x/3), which is ±1 at ±1: LeCun et al., 1998, equation 6 and appendix A. */
export class ScaledTanh extends layers.Layer {
  static readonly className = 'ScaledTanh';

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.mul(tf.tanh(tf.mul(only(inputs), 2 / 3)), 1.7159));
  }
}

tf.serialization.registerClass(ScaledTanh);
