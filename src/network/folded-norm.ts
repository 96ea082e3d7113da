/**
 * Batch normalisation by its running statistics is a scale and a shift of each channel, which the
 * convolution before it takes over: its filter and bias are multiplied once, in float32, and serve
 * until a weight changes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { computeFloat32 } from './run-kernel.js';

type Values = { readonly filter: tf.Tensor; readonly bias: tf.Tensor };

/** All that hold values now. */
const holders = new Set<FoldedNorm>();

/** Frees what was folded of weights that are to change in place, which nothing else shows. */
export function weightsChange(weights: readonly tf.Tensor[]): void {
  if (holders.size === 0) return;
  const changed = new Set<unknown>(weights.map(({ dataId }) => dataId));
  for (const holder of holders) if (holder.isOf(changed)) holder.release();
}

/** The filter and the bias of a convolution with the normalisation after it. */
export class FoldedNorm {
  readonly #weights: readonly (tf.Variable | undefined)[];
  readonly #epsilon: number;
  #values: Values | undefined;
  /** Of the weights that the values were made of; an assignment gives a weight another. */
  #ids: readonly unknown[] = [];

  constructor(filter: tf.Variable, bias: tf.Variable | undefined, norm: layers.Layer) {
    this.#weights = [filter, bias, ...norm.weights.map((weight) => weight.read() as tf.Variable)];
    this.#epsilon = norm.getConfig()['epsilon'] as number;
  }

  /** They stay this object's. */
  values(): Values {
    const ids = this.#weights.map((weight) => weight?.dataId);
    if (this.#values && ids.every((id, index) => id === this.#ids[index])) return this.#values;
    this.release();
    this.#ids = ids;
    const values = computeFloat32(() => tf.tidy(() => this.#fold()));
    this.#values = values;
    holders.add(this);
    return values;
  }

  /** Whether any of these made the values. */
  isOf(dataIds: ReadonlySet<unknown>): boolean {
    return this.#ids.some((id) => dataIds.has(id));
  }

  release(): void {
    tf.dispose([this.#values?.filter, this.#values?.bias]);
    this.#values = undefined;
    holders.delete(this);
  }

  #fold(): Values {
    const [filter, bias, gamma, beta, mean, variance] = this.#weights as tf.Variable[];
    const scale = tf.mul(
      gamma as tf.Tensor,
      tf.rsqrt(tf.add(variance as tf.Tensor, this.#epsilon)),
    );
    const centre = bias ? tf.sub(mean as tf.Tensor, bias) : (mean as tf.Tensor);
    return {
      filter: tf.keep(tf.mul(filter as tf.Tensor, scale)),
      bias: tf.keep(tf.sub(beta as tf.Tensor, tf.mul(centre, scale))),
    };
  }
}
