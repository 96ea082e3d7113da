import type * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS } from '../../activations.js';

/** 1.7159 tanh(2x/3), the squashing function of LeCun et al., 1998, appendix A. */
export function scaledTanhTwin({ x }: { x: tf.Tensor }): tf.Tensor {
  return ACTIVATIONS.scaledTanh.apply(x);
}
