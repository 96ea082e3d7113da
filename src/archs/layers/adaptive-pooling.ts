import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { type LayerSettings, only, type Shape } from './layer.js';

export interface AdaptiveAveragePooling2DSettings extends LayerSettings {
  /** Height and width of the output. */
  outputSize: [number, number];
}

/**
 * The means of outputSize windows that cover the image, as PyTorch's AdaptiveAvgPool2d: window i of
 * n over a length L goes from ⌊i L / n⌋ to ⌈(i + 1) L / n⌉, so that windows may overlap.
 */
export class AdaptiveAveragePooling2D extends layers.Layer {
  static readonly className = 'AdaptiveAveragePooling2D';
  readonly #outputSize: [number, number];

  constructor(settings: AdaptiveAveragePooling2DSettings) {
    super(settings);
    this.#outputSize = settings.outputSize;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const [batch = null, , , channels = null] = inputShape as (number | null)[];
    return [batch, ...this.#outputSize, channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [height, width] = this.#outputSize;
    return tf.tidy(() => windowMeans(windowMeans(only(inputs), 1, height), 2, width));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), outputSize: this.#outputSize };
  }
}

tf.serialization.registerClass(AdaptiveAveragePooling2D);

/** The means of windows along one axis; the mean of a rectangle is that of its rows' means. */
function windowMeans(x: tf.Tensor4D, axis: 1 | 2, count: number): tf.Tensor4D {
  const length = x.shape[axis];
  const means = Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * length) / count);
    const end = Math.ceil(((index + 1) * length) / count);
    const begin = axis === 1 ? [0, start, 0, 0] : [0, 0, start, 0];
    const size = axis === 1 ? [-1, end - start, -1, -1] : [-1, -1, end - start, -1];
    return tf.mean(tf.slice(x, begin, size), axis, true);
  });
  return tf.concat(means, axis) as tf.Tensor4D;
}
