import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { weightsChange } from './folded-norm.js';
import { runKernelForList } from './run-kernel.js';
import { registerTwins } from './twins/index.js';

/** The name under which checkpoints keep the average of a weight. */
export function averageName(weight: string): string {
  return `average/${weight}`;
}

/**
 * The exponential moving average of all weights of a model, running statistics of batch
 * normalisation among them.
 */
export class WeightAverage {
  /** In the order of the model's weights. */
  readonly variables: tf.Variable[];
  /** Under the names that checkpoints keep. */
  readonly named: readonly { readonly name: string; readonly tensor: tf.Variable }[];
  readonly #weights: readonly tf.Variable[];

  constructor(model: LayersModel) {
    registerTwins(tf.getBackend());
    this.#weights = model.weights.map((weight) => weight.read() as tf.Variable);
    this.variables = this.#weights.map((weight) =>
      tf.tidy(() => tf.variable(tf.mul(weight, 1), false)),
    );
    this.named = this.variables.map((tensor, index) => {
      return { name: averageName(model.weights[index]?.originalName ?? ''), tensor };
    });
  }

  /** average = decay × average + (1 - decay) × weights; with a decay of 0 it is the weights. */
  update(decay: number): void {
    weightsChange(this.variables);
    const pairs = this.variables.flatMap((average, index) => [
      average,
      this.#weights[index] as tf.Variable,
    ]);
    runKernelForList('Accumulate', pairs, { keep: decay, share: 1 - decay });
  }

  /** Runs `use` while the model has the averaged weights. */
  async during<T>(use: () => Promise<T>): Promise<T> {
    this.#swap();
    try {
      return await use();
    } finally {
      this.#swap();
    }
  }

  dispose(): void {
    tf.dispose(this.variables);
  }

  /** The memory changes hands, nothing is copied. */
  #swap(): void {
    this.#weights.forEach((weight, index) => {
      const average = this.variables[index] as tf.Variable;
      const held = tf.clone(weight);
      weight.assign(average);
      average.assign(held);
      held.dispose();
    });
  }
}
