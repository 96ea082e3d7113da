import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { type LayerSettings, only, type Shape } from './layer.js';

export interface LocalResponseNormalizationSettings extends LayerSettings {
  /** Neighbouring channels on each side: n = 2 × depthRadius + 1 of the paper. */
  depthRadius: number;
  bias: number;
  alpha: number;
  beta: number;
}

/**
 * y = x / (bias + alpha × Σ x²)^beta over neighbouring channels; Krizhevsky et al. 2012, section
 * 3.3. Alpha is not divided by n, as in the paper and unlike in Caffe and PyTorch.
 */
export class LocalResponseNormalization extends layers.Layer {
  static readonly className = 'LocalResponseNormalization';
  readonly #settings: LocalResponseNormalizationSettings;

  constructor(settings: LocalResponseNormalizationSettings) {
    super(settings);
    this.#settings = settings;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { depthRadius, bias, alpha, beta } = this.#settings;
    return tf.localResponseNormalization(only(inputs), depthRadius, bias, alpha, beta);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { depthRadius, bias, alpha, beta } = this.#settings;
    return { ...super.getConfig(), depthRadius, bias, alpha, beta };
  }
}

tf.serialization.registerClass(LocalResponseNormalization);
