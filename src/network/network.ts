import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Phase } from '../backend/profiler.js';
import { UsageError } from '../errors.js';
import { weightsChange } from './folded-norm.js';
import { GradientSums, ofWholeBatch } from './gradient-sums.js';
import type { GradientTaker } from './gradient-taker.js';
import { crossEntropy, type Loss, type Mixed } from './loss.js';
import { evaluationPlanOf, type Plan, planOf, type Step } from './plan.js';
import { Replays } from './replays.js';
import type { LayerWeight, Pass, Together } from './rules/rule.js';
import { addInto, backendFoldsNorms } from './run-kernel.js';
import { registerTwins } from './twins/index.js';
import { type Weight, weightsOf } from './weights.js';

export interface GradientOptions {
  /** Share of the label's probability that is spread over all classes. */
  smoothing: number;
  /** Dropout's masks depend on the seed and the number of the step. */
  seed: number;
  step: number;
  /** Share of each auxiliary head's loss in the total; needed where the model has heads. */
  auxiliaryWeight?: number;
  /** Softmax by default. */
  loss?: Loss;
  /** What the images are mixed with, if they are. */
  mixed?: Mixed | undefined;
  /** The processes that compute the batch together: gradients and stats are those of all of it. */
  together?: Together | undefined;
}

/** The output of a layer that is not finite. */
export interface NotFinite {
  readonly layer: string;
  /** The number of the first image with such a value. */
  readonly image: number;
  /** How many of the values of all images. */
  readonly count: number;
  readonly size: number;
  readonly first: number;
}

/** Is given the output of a layer, and whether it went through a ReLU. */
type LayerLook = (layer: string, output: tf.Tensor, rectified: boolean) => void;

/**
 * Runs a tf.layers model of logits forward and backward on the backend that is current when it is
 * made, without tfjs's tape: each layer's rule calls the kernels, and every tensor is freed at its
 * last use. The model's first output is the logits; all others are those of auxiliary heads and
 * used in training only.
 */
export class Network {
  /** The trained weights, in the order of gradients. */
  readonly weights: readonly Weight[];
  /** Called before the kernels of each layer and phase; for profiles. */
  onPhase: (phase: Phase, layer: string) => void = () => {};
  readonly #plan: Plan;
  readonly #backend = tf.getBackend();
  readonly #model: LayersModel;
  readonly #folds: boolean;
  /** Trained weights and running statistics. */
  readonly #variables: readonly tf.Variable[];
  readonly #replays: Replays;
  /** Made for the first prediction. */
  #evaluationPlan: Plan | undefined;
  readonly #values: (tf.Tensor | undefined)[];
  #gradients: (tf.Tensor | undefined)[] = [];
  readonly #pass: Pass = {
    training: false,
    seed: 0,
    step: 0,
    firstImage: 0,
    addGradient: (weight, gradient) => this.#addGradient(weight, gradient),
  };

  /**
   * With `folds` evaluation keeps copies of filters with the batch normalisation after them, where
   * the backend can compute so.
   */
  constructor(model: LayersModel, { folds = true } = {}) {
    registerTwins(this.#backend);
    this.#model = model;
    this.#folds = folds;
    this.weights = weightsOf(model);
    this.#variables = model.weights.map((weight) => weight.read() as tf.Variable);
    this.#replays = new Replays(this.#variables);
    this.#plan = planOf(model, this.weights);
    this.#values = new Array(this.#plan.values).fill(undefined);
  }

  /** The logits (N, classes) in evaluation; the caller owns them and the images. */
  predict(images: tf.Tensor4D): tf.Tensor2D {
    this.#checkBackend();
    return tf.tidy(() =>
      this.#replays.run(images, () => {
        this.#pass.training = false;
        const { evaluation, outputs } = this.#planForEvaluation();
        this.#forward(images, evaluation, 'freeAfterEvaluation');
        return this.#values[outputs[0] as number] as tf.Tensor2D;
      }),
    );
  }

  #planForEvaluation(): Plan {
    if (!this.#folds || !backendFoldsNorms()) return this.#plan;
    this.#evaluationPlan ??= evaluationPlanOf(this.#model, this.weights);
    return this.#evaluationPlan;
  }

  /**
   * The first layer, in running order, whose output in evaluation is not finite; undefined for none.
   * It reads every output, so it is slow.
   */
  findNotFinite(images: tf.Tensor4D): NotFinite | undefined {
    let found = notFinite('the input', images);
    tf.tidy(() => {
      this.#pass.training = false;
      this.#forward(images, this.#plan.evaluation, 'freeAfterEvaluation', (step, output) => {
        // Joined maps hold those of later layers too, which are not there yet.
        if (!step.operation.joins) found ??= notFinite(step.name, output);
      });
    });
    return found;
  }

  /** Whether any layer has a ReLU. */
  get rectifies(): boolean {
    return this.#plan.steps.some(({ rectified }) => rectified);
  }

  /** Gives `look` the output in evaluation of each layer that ends in a ReLU; it owns none. */
  lookAtRectified(images: tf.Tensor4D, look: LayerLook): void {
    this.lookAtOutputs(images, (layer, output, rectified) => {
      if (rectified) look(layer, output, rectified);
    });
  }

  /** The same for every layer, but for joined maps: those hold outputs that `look` was given. */
  lookAtOutputs(images: tf.Tensor4D, look: LayerLook): void {
    tf.tidy(() => {
      this.#pass.training = false;
      this.#forward(images, this.#plan.evaluation, 'freeAfterEvaluation', (step, output) => {
        if (!step.operation.joins) look(step.name, output, step.rectified);
      });
    });
  }

  /**
   * One pass forward and backward, which gives each gradient to `taker` as soon as it is whole and its
   * weight is not read any more. Stats are float32 [loss sum, top-1 hits, top-5 hits, labels that
   * count]; labels (N) int32 below 0 are ignored; gradients are of the mean loss over the others.
   * With auxiliary heads the loss is the sum of all heads'; the hits are those of the logits. To be
   * called in a tidy, which frees the tensors made so far if a kernel fails.
   */
  giveGradients(
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: GradientOptions,
    taker: GradientTaker,
  ): tf.Tensor1D {
    try {
      return this.#giveGradients(images, labels, options, taker);
    } catch (error) {
      for (const { operation } of this.#plan.steps) operation.abandon?.();
      throw error;
    }
  }

  /** The same with all gradients at the end, in the order of weights. */
  gradients(
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: GradientOptions,
  ): { stats: tf.Tensor1D; gradients: tf.Tensor[] } {
    return tf.tidy(() => {
      const gradients: tf.Tensor[] = new Array(this.weights.length).fill(undefined);
      const stats = this.giveGradients(images, labels, options, {
        add: (index, gradient) => {
          gradients[index] = gradient;
        },
      });
      return { stats, gradients };
    });
  }

  #giveGradients(
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: GradientOptions,
    taker: GradientTaker,
  ): tf.Tensor1D {
    const { seed, step, together } = options;
    const firstImage = together?.firstImage ?? 0;
    // Running statistics do now, weights when the gradients are applied.
    weightsChange(this.#variables);
    Object.assign(this.#pass, { training: true, seed, step, firstImage, together });
    this.#gradients = new Array(this.weights.length).fill(undefined);
    this.#forward(images, this.#plan.steps, 'freeAfterForward');
    const dValues: (tf.Tensor | undefined)[] = new Array(this.#plan.values).fill(undefined);
    const stats = this.#losses(labels, options, dValues);
    if (together === undefined) {
      this.#backward(dValues, taker);
      return stats;
    }
    const sums = new GradientSums(together, stats, step);
    this.#backward(dValues, sums);
    return sums.finish(taker);
  }

  /** Frees what the operations hold for all passes. The model stays the caller's. */
  dispose(): void {
    this.#replays.dispose();
    for (const plan of [this.#plan, this.#evaluationPlan]) {
      for (const { operation } of plan?.steps ?? []) operation.dispose?.();
    }
  }

  #forward(
    images: tf.Tensor,
    steps: readonly Step[],
    freed: 'freeAfterForward' | 'freeAfterEvaluation',
    look?: (step: Step, output: tf.Tensor) => void,
  ): void {
    this.#checkBackend();
    const values = this.#values.fill(undefined);
    values[0] = images;
    for (const step of steps) {
      this.onPhase('forward', step.name);
      const output = step.operation.forward(this.#inputsOf(step), this.#pass);
      values[step.output] = output;
      look?.(step, output);
      for (const value of step[freed]) this.#free(value);
    }
  }

  #checkBackend(): void {
    if (tf.getBackend() === this.#backend) return;
    throw new UsageError(
      `Expected the backend ${this.#backend}, for which the network was made, but the current one is ${tf.getBackend()}`,
    );
  }

  /** The sum of the heads' stats; writes the gradients of their logits and frees the logits. */
  #losses(
    labels: tf.Tensor1D,
    { smoothing, auxiliaryWeight, loss = 'softmax', mixed, together }: GradientOptions,
    dValues: (tf.Tensor | undefined)[],
  ): tf.Tensor1D {
    const { outputs, keptOutputs } = this.#plan;
    this.onPhase('loss', '');
    let counted: tf.Tensor1D | undefined;
    return outputs
      .map((output, head) => {
        const weight = head === 0 ? 1 : auxiliaryWeight;
        if (weight === undefined) throw new UsageError('Expected a weight of the auxiliary heads');
        const logits = this.#values[output] as tf.Tensor2D;
        const settings = { smoothing, weight, hits: head === 0 };
        const { stats, dLogits } = crossEntropy(loss, logits, { labels, mixed }, settings);
        if (!keptOutputs.has(output)) this.#free(output);
        counted ??= stats;
        dValues[output] = together ? ofWholeBatch(dLogits, counted, together.images) : dLogits;
        return stats;
      })
      .reduce((sum, stats) => addInto(sum, stats) as tf.Tensor1D);
  }

  #backward(dValues: (tf.Tensor | undefined)[], taker: GradientTaker): void {
    const { steps } = this.#plan;
    for (let place = steps.length - 1; place >= 0; place--) {
      const step = steps[place] as Step;
      this.onPhase('backward', step.name);
      const dy = dValues[step.output];
      if (step.differentiable && dy) {
        const y = this.#values[step.output] as tf.Tensor;
        const dInputs = step.operation.backward(dy, this.#inputsOf(step), y, this.#pass);
        step.inputs.forEach((value, input) => {
          const gradient = dInputs[input];
          if (!gradient) return;
          const known = dValues[value];
          dValues[value] = known ? addInto(known, gradient) : gradient;
        });
      }
      dy?.dispose();
      for (const value of step.freeAfterBackward) this.#free(value);
      this.#give(step, taker);
    }
  }

  #give({ finalGradients }: Step, taker: GradientTaker): void {
    this.onPhase('optimizer', '');
    for (const index of finalGradients) {
      const gradient = this.#gradients[index];
      this.#gradients[index] = undefined;
      if (gradient) taker.add(index, gradient);
    }
  }

  /** Freed values are undefined here; an operation reads only those that it keeps. */
  #inputsOf({ inputs }: Step): tf.Tensor[] {
    return inputs.map((value) => this.#values[value] as tf.Tensor);
  }

  #free(value: number): void {
    this.#values[value]?.dispose();
    this.#values[value] = undefined;
  }

  #addGradient(weight: LayerWeight | undefined, gradient: tf.Tensor): void {
    if (weight?.index === undefined) {
      gradient.dispose();
      return;
    }
    const known = this.#gradients[weight.index];
    this.#gradients[weight.index] = known ? addInto(known, gradient) : gradient;
  }
}

function notFinite(layer: string, output: tf.Tensor): NotFinite | undefined {
  const values = output.dataSync();
  const isBad = (value: number) => !Number.isFinite(value);
  const place = values.findIndex(isBad);
  if (place < 0) return undefined;
  const [batch = 1] = output.shape;
  return {
    layer,
    image: Math.floor((place * batch) / values.length),
    count: values.filter(isBad).length,
    size: values.length,
    first: values[place] as number,
  };
}
