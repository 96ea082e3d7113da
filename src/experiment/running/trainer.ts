/** What trains the runs of an experiment, and what it says of them. */
import { firstLine } from '../../errors.js';
import type { Reporter } from '../../session/reporter.js';
import type { Cell } from '../file/cells.js';
import type { PlannedRun } from './runs.js';

/** How far a training has come. */
export interface Seen {
  readonly done: number;
  readonly total: number;
  readonly secondsLeft?: number;
  readonly imagesPerSecond: number;
  readonly dataWaitPercent: number;
}

/** What a finished training came to; accuracies in percent. */
export interface Trained {
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
}

/** Does the work of an experiment, in processes of their own. */
export interface Trainer {
  /** Trains a run to its end. Rejects with what it ended in, also where it was asked to stop. */
  train(run: PlannedRun, resume: boolean, onSeen: (seen: Seen) => void): Promise<Trained>;
  /** Seconds that a run of a cell takes, by its first steps. */
  probe(cell: Cell, seed: number): Promise<number>;
}

/** A run that is to be trained. */
export interface Task {
  readonly run: PlannedRun;
  /** It was begun before. */
  readonly resume: boolean;
}

export interface Failure {
  readonly name: string;
  readonly error: Error;
}

export interface Running {
  readonly jobs: number;
  readonly trainer: Trainer;
  readonly reporter: Reporter;
  /** Runs that are done already, of which the bar tells. */
  readonly done: number;
  /** Whether the program was asked to stop: nothing more is begun. */
  readonly stopped: () => boolean;
  /** Seconds of runs that were finished before, by their cells. */
  readonly known: readonly { readonly cell: string; readonly seconds: number }[];
}

/** What a person reads at the end of a list of failures. */
export function failureText({ name, error }: Failure): string {
  return `  ${name}: ${firstLine(error)}`;
}
