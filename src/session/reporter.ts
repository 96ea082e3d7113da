/** What a long task tells the person at the terminal; results are returned, not reported. */
export interface Reporter {
  /** One line that stays. */
  note(line: string): void;
  /** One line that asks for attention. */
  warn(line: string): void;
  /** Work of `total` steps begins, `done` of them already finished. */
  begin(title: string, total: number, done?: number): void;
  /** `done` steps of the work are finished. */
  advance(done: number, pace?: Pace): void;
  /** The scores of the last steps; a glimpse comes between two reports, for those who watch. */
  figures(figures: Figures, glimpse?: boolean): void;
  /** An epoch of a training was trained and evaluated. */
  epoch(summary: EpochSummary): void;
  /** The work is finished. */
  end(): void;
}

/** How fast work is. */
export interface Pace {
  readonly imagesPerSecond: number;
  /** The part of the time that was spent waiting for images. */
  readonly dataWaitPercent: number;
  /** The run that the work is a part of. */
  readonly run?: RunPace;
}

export interface RunPace {
  /** Steps of the run, and how many of them are done. */
  readonly done: number;
  readonly total: number;
  /** Seconds to the end of the run, its evaluations too; absent until they can be estimated. */
  readonly secondsLeft?: number;
}

/** Scores of training steps; accuracies in percent. */
export interface Figures {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
  readonly lr: number;
  readonly imagesPerSecond: number;
  readonly dataWaitPercent: number;
}

/** A row of summary.csv for people. */
export interface EpochSummary {
  readonly epoch: number;
  readonly epochs: number;
  /** Of an epoch that --max-steps ends early: the steps taken, of how many. */
  readonly part?: { readonly steps: number; readonly of: number };
  readonly training: { readonly loss: number; readonly top1: number };
  readonly validation: { readonly loss: number; readonly top1: number; readonly top5: number };
  /** Of the averaged weights on the validation images, where there are any. */
  readonly average?: { readonly top1: number; readonly top5: number };
  readonly imagesPerSecond: number;
  readonly dataWaitPercent: number;
  readonly seconds: number;
  /** No epoch before had a higher top-1 accuracy. */
  readonly best: boolean;
}

/** Says nothing. */
export const SILENT: Reporter = {
  note: () => {},
  warn: () => {},
  begin: () => {},
  advance: () => {},
  figures: () => {},
  epoch: () => {},
  end: () => {},
};
