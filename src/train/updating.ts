/** How steps become changes of the weights: learning rate, groups of batches, average. */
import { z } from 'zod';
import { DataError } from '../errors.js';
import type { WeightAverage } from '../network/average.js';
import type { Group } from '../network/optimizer.js';
import { scoresSchema } from '../runs/state.js';
import type { Scores } from '../session/metrics.js';
import type { Settings } from '../settings/types.js';
import { afterEvaluation } from './plateau.js';
import type { PartState, Stateful } from './saving/stateful.js';
import {
  cycledMomentum,
  learningRate,
  type Schedule,
  updatesBefore,
  warmupUpdates,
} from './schedule.js';
import type { Rollbacks } from './sentinel/rollbacks.js';

/** A batch's share in the next change of the weights. */
export interface Update {
  readonly lr: number;
  /** In place of the optimizer's own, where it cycles. */
  readonly momentum?: number;
  /** How many times the weights will have changed. */
  readonly update: number;
  readonly group?: Group;
}

const count = z.int().min(0);

const keptSchema = z.object({
  plateau: z.object({ best: z.number(), waited: count, falls: count }).exactOptional(),
  /** Labels that count in the group of batches that is not complete. */
  labels: count.exactOptional(),
  /** The last evaluation of the averaged weights. */
  average: scoresSchema.exactOptional(),
});

type Kept = z.infer<typeof keptSchema>;

type Options = Pick<Settings<'train'>, 'emaDecay' | 'patience'>;

export class Updating implements Stateful {
  readonly name = 'updates';
  readonly tensors: Stateful['tensors'];
  readonly #settings: Options;
  readonly #schedule: Schedule;
  readonly #rollbacks: Pick<Rollbacks, 'lowered'>;
  readonly #average: WeightAverage | undefined;
  #kept: Kept = {};

  constructor(
    settings: Options,
    schedule: Schedule,
    rollbacks: Pick<Rollbacks, 'lowered'>,
    average: WeightAverage | undefined,
  ) {
    this.#settings = settings;
    this.#schedule = schedule;
    this.#rollbacks = rollbacks;
    this.#average = average;
    this.tensors = average?.named ?? [];
  }

  /** Whether averaged weights are evaluated too. */
  get averages(): boolean {
    return this.#average !== undefined;
  }

  /** The last evaluation of the averaged weights, with --ema-decay. */
  get averageScores(): Scores | undefined {
    return this.#kept.average;
  }

  /** The learning rate of a step, counted from 0. */
  rate(step: number): number {
    return learningRate(step, this.#rollbacks.lowered(this.#schedule), this.#kept.plateau?.falls);
  }

  /** Of the next batch; `countLabels` is called where it is one of a group. */
  next(step: number, stepInEpoch: number, countLabels: () => number): Update {
    const { gradAccumSteps, stepsPerEpoch } = this.#schedule;
    const update = updatesBefore(step, this.#schedule) + 1;
    const momentum = cycledMomentum(step, this.#schedule);
    const change = { lr: this.rate(step), update, ...(momentum !== undefined && { momentum }) };
    if (gradAccumSteps === 1) return change;
    const first = stepInEpoch % gradAccumSteps === 0;
    const last = (stepInEpoch + 1) % gradAccumSteps === 0 || stepInEpoch + 1 === stepsPerEpoch;
    const labels = countLabels();
    const labelsSoFar = (first ? 0 : (this.#kept.labels ?? 0)) + labels;
    this.#kept = { ...this.#kept, labels: labelsSoFar };
    return { ...change, group: { first, last, labels, labelsSoFar } };
  }

  /** Takes the changed weights into their average, which begins after the warm-up. */
  taken({ update, group }: Update): void {
    const { emaDecay } = this.#settings;
    if (this.#average === undefined || emaDecay === null || group?.last === false) return;
    this.#average.update(update <= warmupUpdates(this.#schedule) ? 0 : emaDecay);
  }

  /** Runs an evaluation of the averaged weights, if there are any. */
  async withAverage(evaluate: () => Promise<Scores | undefined>): Promise<Scores | undefined> {
    return this.#average?.during(evaluate);
  }

  /** Takes in the evaluation after an epoch; a plateau follows that of the averaged weights. */
  onEvaluation(scores: Scores, average: Scores | undefined, wholeEpoch: boolean): void {
    if (average !== undefined) this.#kept = { ...this.#kept, average };
    if (this.#schedule.lrScheduler !== 'plateau' || !wholeEpoch) return;
    const { top1 } = average ?? scores;
    const plateau = afterEvaluation(this.#kept.plateau, top1, this.#settings.patience);
    this.#kept = { ...this.#kept, plateau };
  }

  state(): PartState | undefined {
    return Object.keys(this.#kept).length === 0 ? undefined : ({ ...this.#kept } as PartState);
  }

  restore(state: PartState | undefined, [missing]: readonly string[], directory: string): void {
    if (missing !== undefined) {
      throw new DataError(`The checkpoint ${directory} has no ${missing}: start a new run`);
    }
    const found = keptSchema.safeParse(state ?? {});
    if (!found.success) {
      throw new DataError(`The checkpoint ${directory} is damaged: the state of updates`);
    }
    this.#kept = found.data;
  }
}
