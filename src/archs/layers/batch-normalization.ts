import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';

type StockSettings = NonNullable<Parameters<typeof layers.batchNormalization>[0]>;
type Stock = new (settings: StockSettings) => layers.Layer;

/** The class itself is not exported. */
const StockBatchNormalization = layers.batchNormalization({}).constructor as Stock;

export interface BatchNormalizationSettings extends StockSettings {
  /** The share of the running statistics that a step keeps: 0.9 is PyTorch's 0.1. */
  momentum: number;
  epsilon: number;
  /** The running variance divides by n - 1 and not by n. */
  unbiased: boolean;
}

/**
 * The stock layer whose running variance may be the unbiased one, as in Ioffe and Szegedy, 2015,
 * algorithm 2, and in Torch, Caffe and PyTorch. It keeps the stock layer's name and is not
 * registered, so that stock tfjs reads a saved network; what is lost there is `unbiased`.
 */
export class BatchNormalization extends StockBatchNormalization {
  readonly #momentum: number;
  readonly #unbiased: boolean;

  constructor(settings: BatchNormalizationSettings) {
    super(settings);
    this.#momentum = settings.momentum;
    this.#unbiased = settings.unbiased;
  }

  override call(
    inputs: tf.Tensor | tf.Tensor[],
    options: Parameters<layers.Layer['call']>[1],
  ): tf.Tensor | tf.Tensor[] {
    const variance = this.weights.find((weight) => weight.originalName.endsWith('moving_variance'));
    if (!options['training'] || !this.#unbiased || !variance) return super.call(inputs, options);
    return tf.tidy(() => {
      const kept = tf.mul(variance.read(), this.#momentum);
      const outputs = super.call(inputs, options);
      const { size } = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor;
      const count = size / kept.size;
      const share = tf.mul(tf.sub(variance.read(), kept), count / Math.max(1, count - 1));
      variance.write(tf.add(kept, share));
      return outputs;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), unbiased: this.#unbiased };
  }
}
