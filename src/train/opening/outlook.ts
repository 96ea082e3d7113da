/** How long a run takes and what limits its speed, estimated from the steps that it has taken. */
import { type Lap, paceOf, percent } from '../../session/pace.js';
import type { RunPace } from '../../session/reporter.js';

/** The run, as far as its length depends on it. */
export interface RunLength {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly maxSteps: number | null;
  /** Images of an evaluation. */
  readonly validationImages: number;
  /** Decoding and computing take turns: see `takesTurns`. */
  readonly alternate: boolean;
  /** Whether images stay in memory, so that later epochs need not wait for them. */
  readonly kept: () => boolean;
}

/** A place in a run: epochs and steps that are done. */
export interface Place {
  readonly epoch: number;
  readonly stepInEpoch: number;
  readonly step: number;
}

export interface Expectation {
  readonly imagesPerSecond: number;
  readonly dataWaitPercent: number;
  readonly limit: 'computing' | 'decoding';
  /** With its evaluation; the first epoch reads images that later ones may find in memory. */
  readonly firstEpochSeconds: number;
  readonly epochSeconds: number;
  /** From the first step of this start of the program to the end of the run. */
  readonly seconds: number;
}

/** The probe ends after this many steps and seconds, or after the most seconds. */
const PROBE = { steps: 20, leastSeconds: 1, mostSeconds: 5 };

/** The backward pass costs twice the forward pass, so an evaluation a third of a training step. */
const FORWARD_SHARE = 1 / 3;

/**
 * Share of time waiting for images above which decoding limits. Where computing and decoding take
 * turns, the larger part does; else computing hides decoding until that takes longer.
 */
const DECODING_LIMITS = { alternate: 50, overlapping: 20 };

/** Whether waiting for images takes so much of the time that decoding limits the speed. */
export function decodingLimits(
  { alternate }: Pick<RunLength, 'alternate'>,
  dataWaitPercent: number,
): boolean {
  return dataWaitPercent >= DECODING_LIMITS[alternate ? 'alternate' : 'overlapping'];
}

/** Steps of the whole run. */
export function totalSteps({ epochs, stepsPerEpoch, maxSteps }: RunLength): number {
  return Math.min(epochs * stepsPerEpoch, maxSteps ?? Number.POSITIVE_INFINITY);
}

/** What is told of the outlook, each once. */
export interface OutlookEvents {
  /** Enough steps are measured; `end` is when the run ends. */
  onExpectation(expectation: Expectation, end: Date): void;
  /** Decoding limits, which the expectation did not say. */
  onDecodingLimits(dataWaitPercent: number): void;
}

export class Outlook {
  readonly #run: RunLength;
  readonly #start: Place;
  readonly #events: OutlookEvents;
  #recent: Lap | undefined;
  #evaluation: number | undefined;
  #expected = false;
  #limitSaid = false;

  /** `start`: where this start of the program begins. */
  constructor(run: RunLength, start: Place, events: OutlookEvents) {
    this.#run = run;
    this.#start = start;
    this.#events = events;
  }

  /** Takes in how fast the last steps were, and all steps of the epoch. */
  measure(recent: Lap, { steps, seconds }: Lap): void {
    this.#recent = recent;
    const enough = steps >= PROBE.steps && seconds >= PROBE.leastSeconds;
    if (enough || (steps >= 2 && seconds >= PROBE.mostSeconds)) this.#expect(steps);
  }

  /** Ends the probe at the end of the first epoch of this start, however few its steps are. */
  endEpoch(steps: number): void {
    this.#expect(steps);
  }

  /** Takes in a window of figures. */
  window({ steps, seconds, waiting }: Lap): void {
    if (!this.#expected || this.#limitSaid || steps < PROBE.steps) return;
    const share = percent(waiting, seconds);
    if (!decodingLimits(this.#run, share)) return;
    this.#limitSaid = true;
    this.#events.onDecodingLimits(share);
  }

  /** Takes in what evaluating and saving took after an epoch. */
  measureEvaluation(seconds: number): void {
    this.#evaluation = seconds;
  }

  /** The state of the run at a place, for a reporter. */
  pace(place: Place): RunPace {
    const secondsLeft = this.#secondsLeft(place);
    const total = totalSteps(this.#run);
    return { done: place.step, total, ...(secondsLeft !== undefined && { secondsLeft }) };
  }

  /** `steps`: how many this start of the program has taken. */
  #expect(steps: number): void {
    const times = this.#times(true);
    if (this.#expected || this.#recent === undefined || times === undefined) return;
    this.#expected = true;
    const { stepsPerEpoch } = this.#run;
    const { epoch, stepInEpoch, step } = this.#start;
    const here = { epoch, stepInEpoch: stepInEpoch + steps, step: step + steps };
    const pace = paceOf(this.#recent);
    const limit = decodingLimits(this.#run, pace.dataWaitPercent) ? 'decoding' : 'computing';
    this.#limitSaid = limit === 'decoding';
    const expectation: Expectation = {
      ...pace,
      limit,
      firstEpochSeconds: stepsPerEpoch * times.step + times.evaluation,
      epochSeconds: stepsPerEpoch * times.laterStep + times.laterEvaluation,
      seconds: this.#secondsLeft(this.#start) ?? 0,
    };
    const end = new Date(Date.now() + 1000 * (this.#secondsLeft(here) ?? 0));
    this.#events.onExpectation(expectation, end);
  }

  /** Seconds from a place to the end of the run; undefined before anything is measured. */
  #secondsLeft(place: Place): number | undefined {
    const { stepsPerEpoch } = this.#run;
    const times = this.#times(place.epoch === this.#start.epoch);
    if (times === undefined) return undefined;
    const rest = Math.max(0, totalSteps(this.#run) - place.step);
    const here = Math.min(stepsPerEpoch - place.stepInEpoch, rest);
    const later = rest - here;
    return (
      here * times.step +
      times.evaluation +
      later * times.laterStep +
      Math.ceil(later / stepsPerEpoch) * times.laterEvaluation
    );
  }

  /** Seconds of a step and of an evaluation, now and in the epochs after this one. */
  #times(firstEpoch: boolean) {
    if (this.#recent === undefined || this.#recent.steps === 0) return undefined;
    const { steps, images, seconds, waiting } = this.#recent;
    const { validationImages, kept } = this.#run;
    const readAgain = !(firstEpoch && kept());
    const computing = (validationImages * (seconds - waiting) * FORWARD_SHARE) / images;
    const reading = (validationImages * waiting) / images;
    return {
      step: seconds / steps,
      laterStep: (readAgain ? seconds : seconds - waiting) / steps,
      evaluation: this.#evaluation ?? computing + reading,
      laterEvaluation: this.#evaluation ?? computing + (readAgain ? reading : 0),
    };
  }
}
