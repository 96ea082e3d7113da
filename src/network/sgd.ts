import * as tf from '@tensorflow/tfjs-core';
import { runKernelForList } from './run-kernel.js';
import { registerTwins } from './twins/index.js';
import type { Weight } from './weights.js';

export interface SgdSettings {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** Decay biases and normalisation's gamma and beta as well as kernels. */
  readonly decayBias: boolean;
  /** Multiplies the learning rate of biases. */
  readonly biasLrScale: number;
}

/**
 * PyTorch's stochastic gradient descent: g += decay × w; m = momentum × m + g; w -= lr × (nesterov
 * ? g + momentum × m : m), all weights in one kernel call.
 */
export class Sgd {
  /** The momentum of each weight, in the order of weights. */
  readonly momenta: tf.Variable[];
  readonly #weights: readonly Weight[];
  readonly #attributes: Record<string, unknown>;
  readonly #tensors: tf.Tensor[] = [];

  constructor(weights: readonly Weight[], settings: SgdSettings) {
    registerTwins(tf.getBackend());
    const { momentum, nesterov, weightDecay, decayBias, biasLrScale } = settings;
    this.#weights = weights;
    this.momenta = weights.map(({ variable }) =>
      tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)),
    );
    this.#attributes = {
      lr: 0,
      momentum,
      nesterov,
      weightDecay: weights.map(({ kind }) => (kind === 'kernel' || decayBias ? weightDecay : 0)),
      lrScale: weights.map(({ kind }) => (kind === 'bias' ? biasLrScale : 1)),
    };
  }

  /** Changes the weights and momenta; the gradients stay the caller's. */
  step(gradients: readonly tf.Tensor[], lr: number): void {
    const tensors = this.#tensors;
    for (let index = 0; index < this.#weights.length; index++) {
      tensors[3 * index] = (this.#weights[index] as Weight).variable;
      tensors[3 * index + 1] = this.momenta[index] as tf.Variable;
      tensors[3 * index + 2] = gradients[index] as tf.Tensor;
    }
    this.#attributes['lr'] = lr;
    runKernelForList('Sgd', tensors, this.#attributes);
    tensors.length = 0;
  }

  /** Frees the momenta. */
  dispose(): void {
    for (const momentum of this.momenta) momentum.dispose();
  }
}
