import { appendRow } from '../runs/csv.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { Logger } from './logger.js';

/** Writes a row of summary.csv for each epoch. */
export function summaryLogger({ summary }: Pick<RunDirectory, 'summary'>): Logger {
  return {
    onSteps: () => {},
    onEpoch: (row, before) => appendRow(summary, row, before),
    onEnd: async () => {},
  };
}
