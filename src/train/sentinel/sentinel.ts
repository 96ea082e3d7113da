/** Watches a training for what makes it worthless, and names each such thing once. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Split } from '../../data/dataset.js';
import { DivergedError } from '../../errors.js';
import type { Loss } from '../../network/loss.js';
import type { EventLog } from '../../runs/events.js';
import type { Progress } from '../../runs/state.js';
import { addTotals, type Scores, scores, type Totals, totalsOf } from '../../session/metrics.js';
import type { Reporter } from '../../session/reporter.js';
import type { Session } from '../../session/session.js';
import { areConstant, type Chance, chanceOf, threeSigma } from './chance.js';
import { NO_LOSSES, type SentinelCount, type SentinelCounters } from './counters.js';
import { deadLayers, type SilentLayer } from './dead-channels.js';
import { type Finding, sentenceOf } from './findings.js';

/** Losses above chance by this factor are of a network that does worse than knowing nothing. */
const HIGH = 10;
/** Steps of such losses in a row after which a training has diverged. */
const MOST_HIGH_STEPS = 100;
/** No training comes back from there, though it is a number. */
const HOPELESS = 10_000;
/** Before them batch normalisation evaluates by statistics that are far from those of the images. */
const SETTLED_STEPS = 100;
/** A loss this near to chance has learned nothing. */
const NEAR = 0.01;
/** Steps that a mean loss is taken over before it is said to be stuck. */
const LEAST_STUCK_STEPS = 100;
/** Steps between two looks at ReLUs: a look costs a pass forward. */
const STEPS_BETWEEN_LOOKS = 500;
/** Batches of one class in a row have this probability where the order is random. */
const UNLIKELY_BITS = 32;

export interface SentinelOptions {
  readonly session: Pick<Session, 'training'>;
  readonly train: Pick<Split, 'labels'>;
  readonly val: Pick<Split, 'labels'>;
  readonly reporter: Pick<Reporter, 'warn'>;
  readonly events: EventLog;
  readonly counters: SentinelCounters;
  /** The learning rate of a step. */
  readonly rate: (step: number) => number;
  /** What was named before the run was resumed. */
  readonly known?: readonly string[];
  /** The sum of the shares of auxiliary heads, whose losses are in the loss. */
  readonly auxiliary?: number;
  /** Softmax by default. */
  readonly loss?: Loss;
}

type Place = Pick<Progress, 'epoch' | 'step'>;
type Steps = Pick<Progress, 'stepInEpoch'>;
type Trained = Pick<Progress, 'epoch' | 'step' | 'stepInEpoch' | 'counters'>;

export class Sentinel {
  readonly #options: SentinelOptions;
  readonly #chance: Chance;
  readonly #evaluationChance: Chance;
  readonly #named: Set<string>;
  #written: Promise<void> = Promise.resolve();

  constructor(options: SentinelOptions) {
    this.#options = options;
    this.#chance = chanceOf(options.train.labels);
    this.#evaluationChance = chanceOf(options.val.labels);
    this.#named = new Set(options.known);
  }

  /** Looks at a batch before its step: at its labels, and now and then at the ReLUs. */
  async batch(labels: Int32Array, images: tf.Tensor4D, place: Place): Promise<void> {
    this.#lookAtLabels(labels, place);
    const { counters } = this.#options;
    if (place.step < counters.values.nextLook || this.#named.has('dead-relu')) return;
    counters.set({ nextLook: place.step + STEPS_BETWEEN_LOOKS });
    const [first, ...more] = await deadLayers(this.#options.session.training.network, images);
    if (first === undefined) return;
    const others = more.length === 0 ? '' : `; so are most of ${namesOf(more)}`;
    this.#name('dead-relu', place, `${silentText(first)} in a batch${others}`);
  }

  /**
   * Looks at the losses of the last `steps` steps. Throws a DivergedError where they are of a
   * training that has come to nothing.
   */
  losses(totals: Totals, steps: number, place: Place): void {
    this.glance(totals, steps, place);
    const { loss } = scores(totals);
    const high = HIGH * this.#firstLoss;
    const { counters } = this.#options;
    const highSteps = loss > high ? counters.values.highSteps + steps : 0;
    counters.set({ highSteps });
    if (highSteps === 0) return;
    const what = `The loss is ${short(loss)}, more than ${HIGH} times that of knowing nothing`;
    this.#name('loss-high', place, what);
    if (highSteps < MOST_HIGH_STEPS) return;
    const since = `for ${highSteps} steps up to step ${place.step}`;
    throw new DivergedError(`The loss was above ${short(high)} ${since}, ${this.#rate(place)}`);
  }

  /** The same for losses that are looked at again later. */
  glance(totals: Totals, steps: number, place: Pick<Place, 'step'>): void {
    this.#checkLoss('The loss', totals, steps, place);
  }

  /**
   * Looks at what is to be saved: it must not replace a checkpoint of a sound network. What was named
   * is in the record first: a run that goes on from this checkpoint would not name it again.
   */
  async beforeSave({ counters, step }: Pick<Progress, 'counters' | 'step'>): Promise<void> {
    if (counters.window.length > 0) this.glance(totalsOf(counters.window), 1, { step });
    await this.#written;
  }

  /**
   * Looks at an epoch that was trained and evaluated, before it is saved. Only `whole` ones count: a
   * part is trained on after a resume.
   */
  async epoch(progress: Trained, evaluation: Scores, whole: boolean): Promise<void> {
    const { counters } = progress;
    const { loss, images } = evaluation;
    const evaluated = { lossSum: loss * images, labelled: images, top1: 0, top5: 0 };
    const settled = progress.step >= SETTLED_STEPS;
    const limit = settled ? this.#hopeless : Number.POSITIVE_INFINITY;
    this.#checkLoss('The loss of the evaluation', evaluated, 1, progress, limit);
    const totals = addTotals(counters.totals, totalsOf(counters.window));
    const counted = {
      ...this.#lookAtProgress(totals, progress),
      ...this.#lookAtEvaluation(scores(totals), evaluation, progress),
    };
    if (whole) this.#options.counters.set(counted);
    await this.#written;
  }

  /** Begins anew at an earlier step. */
  rollBack(): void {
    this.#options.counters.beginAnew();
  }

  /** Of a network that knows how many labels there are of each class. */
  get #chanceLoss(): number {
    const { loss, binaryLoss } = this.#chance;
    // A dataset of one class has no chance loss.
    return this.#heads * ((this.#options.loss === 'sigmoid' ? binaryLoss : loss) || Math.LN2);
  }

  /** Of a network whose logits are 0. */
  get #firstLoss(): number {
    return this.#options.loss === 'sigmoid' ? this.#heads * Math.LN2 : this.#chanceLoss;
  }

  get #heads(): number {
    return 1 + (this.#options.auxiliary ?? 0);
  }

  get #hopeless(): number {
    return HOPELESS * this.#firstLoss;
  }

  #checkLoss(
    what: string,
    totals: Totals,
    steps: number,
    place: Pick<Place, 'step'>,
    limit = this.#hopeless,
  ): void {
    const { step } = place;
    const { loss } = scores(totals);
    if (Number.isFinite(totals.lossSum) && loss <= limit) return;
    const where =
      steps > 1 ? `between step ${step - steps + 1} and step ${step}` : `at step ${step}`;
    const value = Number.isFinite(totals.lossSum) ? short(loss) : totals.lossSum;
    throw new DivergedError(`${what} became ${value} ${where}, ${this.#rate(place)}`);
  }

  #rate({ step }: Pick<Place, 'step'>): string {
    return `with learning rate ${short(this.#options.rate(step - 1))}`;
  }

  #lookAtLabels(labels: Int32Array, place: Place): void {
    const { counters } = this.#options;
    const constantBatches = areConstant(labels) ? counters.values.constantBatches + 1 : 0;
    counters.set({ constantBatches });
    const bits = -Math.log2(this.#chance.top1) * (labels.length - 1) * constantBatches;
    if (bits < UNLIKELY_BITS || constantBatches < 2) return;
    const what = `Each of the last ${constantBatches} batches has images of one class alone`;
    this.#name('labels-constant', place, what);
  }

  /** Returns what the epoch adds to the counters. */
  #lookAtProgress({ lossSum, labelled }: Totals, place: Place & Steps): SentinelCount {
    const { recent: before } = this.#options.counters.values;
    const recent = {
      lossSum: before.lossSum + lossSum,
      labelled: before.labelled + labelled,
      steps: before.steps + place.stepInEpoch,
    };
    if (recent.steps < LEAST_STUCK_STEPS) return { recent };
    const counted = { recent: NO_LOSSES };
    const loss = recent.lossSum / recent.labelled;
    if (Math.abs(loss - this.#chanceLoss) > NEAR * this.#chanceLoss) return counted;
    const what = `The training loss stays at ${loss.toFixed(3)}, that of knowing nothing (ln of the number of classes where all are alike)`;
    this.#name('loss-stuck', place, what);
    return counted;
  }

  /** Returns what the epoch adds to the counters. */
  #lookAtEvaluation(trained: Scores, evaluation: Scores, place: Place): SentinelCount {
    const { top1: chance } = this.#evaluationChance;
    const reached = evaluation.top1 / 100;
    const spread = threeSigma(Math.max(chance, reached), evaluation.images);
    const halfway = (chance + trained.top1 / 100) / 2;
    const atChance = reached <= chance + spread && reached + spread < halfway;
    const before = this.#options.counters.values.misalignedEpochs;
    const misalignedEpochs = atChance ? before + 1 : 0;
    if (misalignedEpochs < 2) return { misalignedEpochs };
    const what = `The evaluation is at chance (Acc@1 ${evaluation.top1.toFixed(2)}) while training is not (${trained.top1.toFixed(2)})`;
    this.#name('labels-misaligned', place, what);
    return { misalignedEpochs };
  }

  #name(kind: Finding, { epoch, step }: Place, what: string): void {
    if (this.#named.has(kind)) return;
    this.#named.add(kind);
    const text = sentenceOf(kind, what);
    this.#options.reporter.warn(text);
    const event = { epoch: epoch + 1, step, kind, text };
    this.#written = this.#written.then(() => this.#options.events.add(event));
    // Whoever awaits the end of the epoch is told.
    this.#written.catch(() => {});
  }
}

function silentText({ layer, silent, channels }: SilentLayer): string {
  const which = silent === channels ? `All ${channels}` : `${silent} of ${channels}`;
  return `${which} channels of ${layer} are 0 for every image`;
}

function namesOf(layers: readonly SilentLayer[]): string {
  const names = layers.slice(0, 3).map(({ layer }) => layer);
  return layers.length > 3 ? `${names.join(', ')} and ${layers.length - 3} more` : names.join(', ');
}

function short(value: number): number {
  return Number(value.toPrecision(4));
}
