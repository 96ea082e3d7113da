/** Gradients that are summed over several processes while the backward pass goes on. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradientTaker } from './gradient-taker.js';
import type { Together } from './rules/rule.js';
import { runKernel, runKernelForList } from './run-kernel.js';

/** Values of gradients that are sent together: 4 MiB of float32. */
export const BUCKET = 2 ** 20;

interface Bucket {
  readonly sums: tf.Tensor;
  readonly indices: readonly number[];
  readonly shapes: readonly (readonly number[])[];
}

/**
 * Takes gradients over in the order in which the backward pass ends with them, which is the same on
 * all processes. Those of the mean loss over the labels that count, of all processes, come out.
 */
export class GradientSums {
  readonly #together: Together;
  readonly #step: number;
  readonly #stats: tf.Tensor;
  readonly #buckets: Bucket[] = [];
  #filling: { readonly index: number; readonly gradient: tf.Tensor }[] = [];
  #filled = 0;

  constructor(together: Together, stats: tf.Tensor1D, step: number) {
    this.#together = together;
    this.#step = step;
    // Counts are exact in float32 alone.
    this.#stats = this.#start([stats], false);
  }

  add(index: number, gradient: tf.Tensor): void {
    this.#filling.push({ index, gradient });
    this.#filled += gradient.size;
    if (this.#filled >= BUCKET) this.#send();
  }

  /** Gives the gradients of all processes; waits, on the device, for their sums. Returns the counters. */
  finish(taker: GradientTaker): tf.Tensor1D {
    if (this.#filling.length > 0) this.#send();
    const [stats] = this.#wait([this.#stats], [[4]]) as [tf.Tensor1D];
    for (const { sums, indices, shapes } of this.#buckets) {
      const found = this.#wait([sums, stats], shapes);
      for (const [place, index] of indices.entries()) taker.add(index, found[place] as tf.Tensor);
    }
    return stats;
  }

  #send(): void {
    const gradients = this.#filling.map(({ gradient }) => gradient);
    this.#buckets.push({
      sums: this.#start(gradients, this.#together.narrow),
      indices: this.#filling.map(({ index }) => index),
      shapes: gradients.map(({ shape }) => shape),
    });
    this.#filling = [];
    this.#filled = 0;
  }

  #start(tensors: tf.Tensor[], narrow: boolean): tf.Tensor {
    const sums = runKernel('AllReduceStart', tensors, { step: this.#step, narrow });
    tf.dispose(tensors);
    return sums;
  }

  #wait(inputs: tf.Tensor[], shapes: readonly (readonly number[])[]): tf.Tensor[] {
    const { images } = this.#together;
    const results = runKernelForList('AllReduceWait', inputs, { shapes, images });
    inputs[0]?.dispose();
    return results;
  }
}

/**
 * A gradient of the mean loss over the labels that count here as one of the sum over all `images` of
 * all processes, divided by their number; takes it over.
 */
export function ofWholeBatch(gradient: tf.Tensor, stats: tf.Tensor1D, images: number): tf.Tensor {
  return tf.tidy(() => {
    const share = tf.div(tf.slice(stats, 3, 1), images);
    const scaled = tf.mul(gradient, share);
    gradient.dispose();
    return scaled;
  });
}
