import type { Row, StoredRow } from '../runs/csv.js';
import type { Figures } from '../session/reporter.js';

/** How a training ended. */
export type Ending = 'finished' | 'stopped' | 'failed';

/** The scores of the last steps, up to `step`. */
export type StepFigures = Figures & { readonly step: number };

/** Follows a training: summary.csv and each service that shows runs. */
export interface Logger {
  /** Called in the training loop, so it returns at once. */
  onSteps(figures: StepFigures): void;
  /**
   * An epoch was trained and evaluated; its checkpoint is not written yet. `before` are the rows of
   * the epochs before it.
   */
  onEpoch(row: Row, before: readonly StoredRow[]): Promise<void>;
  /** Nothing comes after this. */
  onEnd(ending: Ending): Promise<void>;
}

export function joinLoggers(loggers: readonly Logger[]): Logger {
  return {
    onSteps(figures) {
      for (const logger of loggers) logger.onSteps(figures);
    },
    async onEpoch(row, before) {
      for (const logger of loggers) await logger.onEpoch(row, before);
    },
    async onEnd(ending) {
      for (const logger of loggers) await logger.onEnd(ending);
    },
  };
}
