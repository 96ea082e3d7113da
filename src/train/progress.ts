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

/** The state after an evaluation; `seconds` is what it took. */
export function evaluated(progress: Progress, last: Scores, seconds: number): Progress {
  const { best, step } = progress;
  const improved = best === undefined || last.top1 > best.top1;
  return {
    ...progress,
    last,
    best: improved ? { ...last, epoch: progress.epoch + 1, step } : best,
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
