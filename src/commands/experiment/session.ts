import type { Experiment } from '../../experiment/file/experiment.js';
import type { PlannedRun, RunState } from '../../experiment/running/runs.js';
import type { Reporter } from '../../session/reporter.js';
import type { StopRequest } from '../../train/signals.js';
import type { CellTrainer } from './trainer.js';

/** A run with how far it is. */
export interface Planned {
  readonly run: PlannedRun;
  readonly state: RunState;
}

/** What `cnn experiment run` works with. */
export interface Session {
  readonly experiment: Experiment;
  /** The runs that `--only` chooses. */
  readonly planned: readonly Planned[];
  readonly jobs: number;
  readonly trainer: CellTrainer;
  readonly reporter: Reporter;
  readonly stop: StopRequest;
}
