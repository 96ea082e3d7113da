import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import type { Initialiser } from '../blocks/initialisers.js';
import { initialiser, type LayerSettings, only, type Shape, serialized } from './layer.js';

export interface Subsampling2DSettings extends LayerSettings {
  /** Side and stride of the windows. */
  poolSize: number;
  coefficientInitializer?: Initialiser | string;
  biasInitializer?: Initialiser | string;
}

/**
 * The sum of each window times a trained coefficient of the map, plus a trained bias of the map: S2
 * and S4 of LeCun et al., 1998, section II-B. Rows and columns beyond the last window are left out.
 */
export class Subsampling2D extends layers.Layer {
  static readonly className = 'Subsampling2D';
  readonly #poolSize: number;
  readonly #coefficientInitializer: Initialiser;
  readonly #biasInitializer: Initialiser;

  constructor(settings: Subsampling2DSettings) {
    super(settings);
    this.#poolSize = settings.poolSize;
    this.#coefficientInitializer = initialiser(settings.coefficientInitializer ?? 'ones');
    this.#biasInitializer = initialiser(settings.biasInitializer ?? 'zeros');
  }

  override build(inputShape: Shape): void {
    const maps = [(inputShape as number[])[3] ?? 0];
    const draw = this.#coefficientInitializer;
    this.addWeight('coefficient', maps, 'float32', draw, undefined, true);
    this.addWeight('bias', maps, 'float32', this.#biasInitializer, undefined, true);
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const [batch = null, height = null, width = null, maps = null] = inputShape as (
      | number
      | null
    )[];
    const windows = (length: number | null) => length && Math.floor(length / this.#poolSize);
    return [batch, windows(height), windows(width), maps];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [coefficient, bias] = this.weights.map((weight) => weight.read());
      const size = this.#poolSize;
      const means = tf.avgPool(only(inputs), size, size, 'valid');
      const sums = tf.mul(means, size ** 2);
      return tf.add(tf.mul(sums, coefficient as tf.Tensor), bias as tf.Tensor);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      poolSize: this.#poolSize,
      coefficientInitializer: serialized(this.#coefficientInitializer),
      biasInitializer: serialized(this.#biasInitializer),
    };
  }
}

tf.serialization.registerClass(Subsampling2D);
