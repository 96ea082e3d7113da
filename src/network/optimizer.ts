import * as tf from '@tensorflow/tfjs-core';
import { weightsChange } from './folded-norm.js';
import type { GradientTaker } from './gradient-taker.js';
import { layerFactors } from './layer-factors.js';
import { runKernel, runKernelForList, share } from './run-kernel.js';
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

/** Values of gradients that change their weights in one kernel call, at least: 4 MiB of float32. */
const TOGETHER = 2 ** 20;

interface ChangeOptions {
  readonly group?: Group;
  /** In place of that of the settings, or of the first of AdamW's and LAMB's betas. */
  readonly momentum?: number;
}

/** One change of the weights, to which each weight's gradient comes once, in any order. */
export interface Change extends GradientTaker {
  finish(): void;
}

/** Changes the weights of a network by their gradients. */
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
  readonly #decays: readonly number[];
  readonly #scales: readonly number[];
  /** By the numbers of the weights. */
  readonly #attributes = new Map<string, Record<string, unknown>>();

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
    const { weightDecay, lrScale } = byWeight(weights, settings);
    this.#decays = weightDecay;
    this.#scales = lrScale;
  }

  /**
   * Changes the weights and the state; the gradients stay the caller's. `update`: how many times the
   * weights have changed with this one. With a group the gradients are added up until its last batch.
   */
  step(gradients: readonly tf.Tensor[], lr: number, update = 1, options: ChangeOptions = {}): void {
    const change = this.begin(lr, update, options);
    for (const [index, gradient] of gradients.entries()) change.add(index, share(gradient));
    change.finish();
  }

  /**
   * The same by gradients that come one by one. A weight changes soon after its gradient has come, so
   * that few of them take memory at a time, but for a limit on the norm of all.
   */
  begin(lr: number, update: number, { group, momentum }: ChangeOptions = {}): Change {
    const setting = { lr, update, momentum };
    const waits = group === undefined && this.#settings.clipGradNorm != null;
    let indices: number[] = [];
    let gradients: tf.Tensor[] = [];
    let values = 0;
    const take = () => {
      if (indices.length === 0) return;
      if (group === undefined) this.#apply(indices, gradients, 1, setting);
      else this.#accumulate(indices, gradients, group);
      tf.dispose(gradients);
      [indices, gradients, values] = [[], [], 0];
    };
    return {
      add: (index, gradient) => {
        indices.push(index);
        gradients.push(gradient);
        values += gradient.size;
        if (values >= TOGETHER && !waits) take();
      },
      finish: () => {
        take();
        if (!group?.last) return;
        const gradientScale = 1 / Math.max(1, group.labelsSoFar);
        this.#apply([...this.#weights.keys()], this.#sums, gradientScale, setting);
      },
    };
  }

  /** Frees the state. */
  dispose(): void {
    tf.dispose(this.state);
  }

  #accumulate(indices: readonly number[], gradients: readonly tf.Tensor[], group: Group): void {
    const pairs = indices.flatMap((index, place) => {
      return [this.#sums[index] as tf.Tensor, gradients[place] as tf.Tensor];
    });
    runKernelForList('Accumulate', pairs, { keep: group.first ? 0 : 1, share: group.labels });
  }

  /** Changes the weights of these numbers; the gradients are in the same order. */
  #apply(
    indices: readonly number[],
    gradients: readonly tf.Tensor[],
    gradientScale: number,
    { lr, update, momentum }: { lr: number; update: number; momentum: number | undefined },
  ): void {
    const count = this.#weights.length;
    const variables = indices.map((index) => (this.#weights[index] as Weight).variable);
    const inputs = indices.flatMap((index, place): tf.Tensor[] => {
      const state = Array.from(
        { length: this.#kinds },
        (_, kind) => this.state[kind * count + index],
      );
      return [
        variables[place] as tf.Tensor,
        ...(state as tf.Variable[]),
        gradients[place] as tf.Tensor,
      ];
    });
    const { clipGradNorm, optBetas } = this.#settings;
    const [ofSettings, beta2] = optBetas ?? BETAS;
    const beta1 = momentum ?? ofSettings;
    const attributes = this.#attributesOf(indices);
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
    weightsChange(variables);
    runKernelForList(RULES[this.#opt].kernel, inputs, attributes);
    if (clip) clip.dispose();
  }

  /** Those of the weights of these numbers, which are the same at every step. */
  #attributesOf(indices: readonly number[]): Record<string, unknown> {
    const key = indices.join();
    const known = this.#attributes.get(key);
    if (known !== undefined) return known;
    const attributes = {
      ...attributesOf(this.#opt, this.#settings),
      weightDecay: indices.map((index) => this.#decays[index]),
      lrScale: indices.map((index) => this.#scales[index]),
    };
    this.#attributes.set(key, attributes);
    return attributes;
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
