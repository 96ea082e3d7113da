import type { Progress } from '../runs/state.js';

/** A step that was taken. */
export interface TakenStep {
  /** Counted from 1, over the run and in its epoch. */
  readonly step: number;
  readonly stepInEpoch: number;
  /** The state of the run after it. Waits for the device. */
  readonly progress: () => Promise<Progress>;
}

/** Called after each step; what it throws ends the training. */
export type StepHook = (taken: TakenStep) => Promise<void> | void;
