import * as tf from '@tensorflow/tfjs-core';
import { weightsChange } from './folded-norm.js';
import { layerFactors } from './layer-factors.js';
import { runKernel, runKernelForList } from './run-kernel.js';
import { registerTwins } from './twins/index.js';
import type { Weight } from './weights.js';

/** The rules by which weights change, with what each keeps of a weight and its kernel. */
const RULES = {
  sgd: { kernel: 'Sgd', state: ['momentum'] },
  'sgd-caffe': { kernel: 'Sgd', state: ['velocity'] },
  rmsprop: { kernel: 'RmsProp', state: ['mean-square', 'momentum'] },
  lars: { kernel: 'Lars', state: ['momentum'] },
  adamw: { kernel: 'AdamW', state: ['first-moment', 'second-moment'] },
  lamb: { kernel: 'Lamb', state: ['first-moment', 'second-moment'] },
} as const;

export type Opt = keyof typeof RULES;

/** Those of PyTorch's AdamW, timm's LARS and LAMB; of RMSprop this and α are those of torchvision's references. */
const EPSILONS: Partial<Record<Opt, number>> = {
  ...{ rmsprop: 0.0316, lars: 1e-8, adamw: 1e-8, lamb: 1e-6 },
};
/** η of LARS's paper, sections 4 and 5. */
const TRUST = 0.001;
const ALPHA = 0.9;
const BETAS = [0.9, 0.999] as const;

export interface OptimizerSettings {
  /** SGD by PyTorch's rule where it is absent. */
  readonly opt?: Opt;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** Decay biases and normalisation's gamma and beta as well as kernels. */
  readonly decayBias: boolean;
  /** The decay of biases, and that of gamma and beta, in place of these two. */
  readonly biasWeightDecay?: number | null;
  readonly normWeightDecay?: number | null;
  /** Multiplies the learning rate of biases. */
  readonly biasLrScale: number;
  /** Multiplies those of the weights of a layer, as `layer=factor`; `*` stands for any letters. */
  readonly layerLrScale?: readonly string[] | null;
  readonly optEps?: number | null;
  readonly optBetas?: readonly [number, number] | null;
  readonly optAlpha?: number | null;
  readonly optTrust?: number | null;
  /** The most that the norm of all gradients together may be. */
  readonly clipGradNorm?: number | null;
  /** Batches whose gradients change the weights once, together. */
  readonly gradAccumSteps?: number;
}

/** The place of a batch in a group of those that change the weights together. */
export interface Group {
  readonly first: boolean;
  readonly last: boolean;
  /** Labels that count in the batch, and in the group up to it. */
  readonly labels: number;
  readonly labelsSoFar: number;
}

/** Changes the weights of a network by their gradients, all of them in one kernel call. */
export class Optimizer {
  /** What is kept from step to step, in the order of weights, one kind after the other. */
  readonly state: tf.Variable[];
  /** The same under the names that checkpoints keep, such as "momentum/conv1/kernel". */
  readonly named: readonly { readonly name: string; readonly tensor: tf.Variable }[];
  readonly #weights: readonly Weight[];
  readonly #settings: OptimizerSettings;
  readonly #opt: Opt;
  readonly #kinds: number;
  readonly #sums: tf.Variable[];
  readonly #attributes: Record<string, unknown>;

  constructor(weights: readonly Weight[], settings: OptimizerSettings) {
    registerTwins(tf.getBackend());
    this.#weights = weights;
    this.#settings = settings;
    this.#opt = settings.opt ?? 'sgd';
    const accumulates = (settings.gradAccumSteps ?? 1) > 1;
    const kinds = [...RULES[this.#opt].state, ...(accumulates ? ['gradient-sum'] : [])];
    const zeros = ({ variable }: Weight) =>
      tf.tidy(() => tf.variable(tf.fill(variable.shape, 0), false));
    this.state = kinds.flatMap(() => weights.map(zeros));
    const names = kinds.flatMap((kind) => weights.map(({ name }) => `${kind}/${name}`));
    this.named = this.state.map((tensor, index) => ({ name: names[index] as string, tensor }));
    this.#kinds = RULES[this.#opt].state.length;
    this.#sums = this.state.slice(this.#kinds * weights.length);
    this.#attributes = { ...attributesOf(this.#opt, settings), ...byWeight(weights, settings) };
  }

  /**
   * Changes the weights and the state; the gradients stay the caller's. `update`: how many times the
   * weights have changed with this one. With a group the gradients are added up until its last batch.
   * `momentum`: in place of that of the settings, or of the first of AdamW's and LAMB's betas.
   */
  step(
    gradients: readonly tf.Tensor[],
    lr: number,
    update = 1,
    { group, momentum }: { readonly group?: Group; readonly momentum?: number } = {},
  ): void {
    const change = { lr, update, ...(momentum !== undefined && { momentum }) };
    if (group === undefined) {
      this.#apply(gradients, 1, change);
      return;
    }
    const pairs = this.#sums.flatMap((sum, index) => [sum, gradients[index] as tf.Tensor]);
    const share = { keep: group.first ? 0 : 1, share: group.labels };
    runKernelForList('Accumulate', pairs, share);
    if (group.last) this.#apply(this.#sums, 1 / Math.max(1, group.labelsSoFar), change);
  }

  /** Frees the state. */
  dispose(): void {
    tf.dispose(this.state);
  }

  #apply(
    gradients: readonly tf.Tensor[],
    gradientScale: number,
    { lr, update, momentum }: { lr: number; update: number; momentum?: number },
  ): void {
    const count = this.#weights.length;
    const inputs = this.#weights.flatMap(({ variable }, index): tf.Tensor[] => {
      const state = Array.from(
        { length: this.#kinds },
        (_, kind) => this.state[kind * count + index],
      );
      return [variable, ...(state as tf.Variable[]), gradients[index] as tf.Tensor];
    });
    const { clipGradNorm, optBetas } = this.#settings;
    const [ofSettings, beta2] = optBetas ?? BETAS;
    const beta1 = momentum ?? ofSettings;
    const attributes = this.#attributes;
    attributes['lr'] = lr;
    attributes['gradientScale'] = gradientScale;
    const moments = this.#opt === 'adamw' || this.#opt === 'lamb';
    if (momentum !== undefined) attributes[moments ? 'beta1' : 'momentum'] = momentum;
    if (moments) {
      attributes['correction1'] = 1 - beta1 ** update;
      attributes['correction2'] = 1 - beta2 ** update;
    }
    const clip =
      clipGradNorm != null &&
      runKernel('GradientClip', gradients, { maxNorm: clipGradNorm, gradientScale });
    if (clip) inputs.push(clip);
    weightsChange(this.#weights.map(({ variable }) => variable));
    runKernelForList(RULES[this.#opt].kernel, inputs, attributes);
    if (clip) clip.dispose();
  }
}

function attributesOf(opt: Opt, settings: OptimizerSettings): Record<string, unknown> {
  const { momentum, nesterov } = settings;
  if (opt === 'sgd' || opt === 'sgd-caffe')
    return { momentum, nesterov, caffe: opt === 'sgd-caffe' };
  const epsilon = settings.optEps ?? EPSILONS[opt];
  if (opt === 'rmsprop') return { alpha: settings.optAlpha ?? ALPHA, epsilon, momentum };
  if (opt === 'lars') return { trust: settings.optTrust ?? TRUST, epsilon, momentum, nesterov };
  const [beta1, beta2] = settings.optBetas ?? BETAS;
  return { beta1, beta2, epsilon };
}

function byWeight(weights: readonly Weight[], settings: OptimizerSettings) {
  const { weightDecay, decayBias, biasLrScale, biasWeightDecay, normWeightDecay } = settings;
  const factors = layerFactors(weights, settings.layerLrScale ?? []);
  const decays: Record<Weight['kind'], number> = {
    kernel: weightDecay,
    coefficient: biasWeightDecay ?? (decayBias ? weightDecay : 0),
    bias: biasWeightDecay ?? (decayBias ? weightDecay : 0),
    gamma: normWeightDecay ?? (decayBias ? weightDecay : 0),
    beta: normWeightDecay ?? (decayBias ? weightDecay : 0),
  };
  return {
    weightDecay: weights.map(({ kind }) => decays[kind]),
    lrScale: weights.map(({ kind }, i) => (kind === 'bias' ? biasLrScale : 1) * (factors[i] ?? 1)),
  };
}
