/** What ends a training before its last epoch. */
import { counted } from '../counted.js';
import type { Progress } from '../runs/state.js';
import type { Settings } from '../settings/types.js';

type Options = Pick<Settings<'train'>, 'maxSteps' | 'maxMinutes' | 'earlyStopPatience'>;

export class Limits {
  readonly #settings: Options;
  readonly #now: () => number;
  readonly #started: number;
  readonly #first: number;

  /**
   * The time begins now, and is up after one step more than `first` at the earliest; `now` tells
   * seconds.
   */
  constructor(settings: Options, first: number, now = () => performance.now() / 1000) {
    this.#settings = settings;
    this.#now = now;
    this.#started = now();
    this.#first = first;
  }

  /** Whether steps or time are up. */
  withinEpoch(step: number): boolean {
    const { maxSteps } = this.#settings;
    return (maxSteps !== null && step >= maxSteps) || this.#timeIsUp(step);
  }

  /** Why nothing comes after an epoch that is evaluated, in the words of a report. */
  reached({ epoch, step, best }: Progress): string | undefined {
    const { maxSteps, maxMinutes, earlyStopPatience } = this.#settings;
    if (maxSteps !== null && step >= maxSteps) return `${counted(step, 'step')} (--max-steps)`;
    if (this.#timeIsUp(step)) return `${counted(maxMinutes ?? 0, 'minute')} (--max-minutes)`;
    if (earlyStopPatience === null || best === undefined) return undefined;
    if (epoch - best.epoch < earlyStopPatience) return undefined;
    const of = best.averaged ? ' of the averaged weights' : '';
    return `${counted(epoch - best.epoch, 'epoch')} without a better Acc@1${of} (--early-stop-patience)`;
  }

  #timeIsUp(step: number): boolean {
    const { maxMinutes } = this.#settings;
    if (maxMinutes === null || step <= this.#first) return false;
    return this.#now() - this.#started >= 60 * maxMinutes;
  }
}
