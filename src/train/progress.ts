/** Where a run is. */
import type { Row } from '../runs/csv.js';
import type { Progress } from '../runs/state.js';
import { type Scores, ZERO_TOTALS } from '../session/metrics.js';

/** The state before the first step. */
export function startProgress(): Progress {
  return { epoch: 0, step: 0, ...epochStart(), rows: [] };
}

/** The state before the first step of the next epoch. */
export function nextEpoch(progress: Progress): Progress {
  return { ...progress, epoch: progress.epoch + 1, ...epochStart() };
}

/** What an evaluation came to, and the seconds it took. */
export interface Evaluated {
  readonly scores: Scores;
  /** Of the averaged weights, in a training that has them: these decide which epoch is the best. */
  readonly average: Scores | undefined;
  readonly seconds: number;
}

/** The state after an evaluation. */
export function evaluated(progress: Progress, { scores, average, seconds }: Evaluated): Progress {
  const { best, step } = progress;
  const decisive = average ?? scores;
  const alike = (best?.averaged ?? false) === (average !== undefined);
  const improved = best === undefined || !alike || decisive.top1 > best.top1;
  const own = { ...decisive, epoch: progress.epoch + 1, step };
  return {
    ...progress,
    last: scores,
    best: improved ? { ...own, ...(average && { averaged: true }) } : best,
    seconds: { ...progress.seconds, all: progress.seconds.all + seconds },
  };
}

/** The state with one more row of summary.csv; the row of a part of an epoch gives way to that of more of it. */
export function withRow(progress: Progress, row: Row): Progress {
  const { rows = [] } = progress;
  return { ...progress, rows: [...rows.filter(({ epoch }) => epoch !== row.epoch), row] };
}

function epochStart() {
  return {
    stepInEpoch: 0,
    counters: { totals: ZERO_TOTALS, window: [] },
    seconds: { all: 0, training: 0, waiting: 0 },
    images: 0,
  };
}
