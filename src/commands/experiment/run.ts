import { availableParallelism } from 'node:os';
import { UsageError } from '../../errors.js';
import { type Experiment, openExperiment } from '../../experiment/file/experiment.js';
import { CELL_OPTIONS } from '../../experiment/file/format.js';
import { chosenRuns } from '../../experiment/running/only.js';
import {
  lockExperiment,
  type PlannedRun,
  plannedRuns,
  stateOf,
} from '../../experiment/running/runs.js';
import type { Reporter } from '../../session/reporter.js';
import { type Given, givenSources } from '../../settings/given.js';
import { resolveSettings, type SettingsSource } from '../../settings/resolve.js';
import type { Settings } from '../../settings/types.js';
import { createReporter } from '../../terminal/progress.js';
import { listenForStop, type StopRequest } from '../../train/signals.js';
import type { Result } from '../command.js';
import { estimate } from './estimate.js';
import { inProcesses } from './processes.js';
import type { Planned } from './session.js';
import { trainAll } from './train-all.js';
import { createTrainer } from './trainer.js';
import type { DoWork } from './work.js';

/** `workerOf` makes what trains: by default processes of their own. */
export async function runExperimentRun(
  given: Given,
  reporter = createReporter(),
  workerOf: (stop: StopRequest) => DoWork = inProcesses,
): Promise<Result> {
  const sources = await givenSources('experiment-run', given);
  const { settings } = resolveSettings('experiment-run', sources);
  const directory = String(given['directory']);
  const experiment = await openExperiment(directory, settings.file, sources.map(ofTraining));
  const without = experiment.cells.find(({ data }) => data === null);
  if (without !== undefined) {
    const where = `${experiment.file} gives the cell "${without.name}" none`;
    throw new UsageError(`--data is missing, for example --data mnist: ${where}`);
  }
  const machine = machineOf(settings);
  const chosen = chosenRuns(plannedRuns(experiment), settings.only);
  const lock = settings.dryRun ? undefined : await lockExperiment(experiment);
  try {
    return await runChosen(experiment, chosen, { settings, machine, reporter, workerOf });
  } finally {
    await lock?.release();
  }
}

interface How {
  readonly settings: Settings<'experiment-run'>;
  readonly machine: Given;
  readonly reporter: Reporter;
  readonly workerOf: (stop: StopRequest) => DoWork;
}

async function runChosen(
  experiment: Experiment,
  chosen: readonly PlannedRun[],
  { settings, machine, reporter, workerOf }: How,
): Promise<Result> {
  const planned: Planned[] = [];
  for (const run of chosen) planned.push({ run, state: await stateOf(run, 'compared') });
  const stop = listenForStop((signal) => {
    reporter.warn(`${signal}: saving what trains after its step`);
  });
  const trainer = createTrainer(workerOf(stop), machine);
  const session = { experiment, planned, jobs: settings.jobs, trainer, reporter, stop };
  try {
    return settings.dryRun ? await estimate(session) : await trainAll(session);
  } finally {
    reporter.end();
    stop.release();
  }
}

/** The settings that a training takes too. */
function ofTraining(source: SettingsSource): SettingsSource {
  const entries = Object.entries(source.values).filter(([name]) => {
    return (CELL_OPTIONS as readonly string[]).includes(name);
  });
  return { ...source, values: Object.fromEntries(entries) };
}

/** The share of the machine that each of several jobs has. */
function machineOf({ jobs, threads, workers }: Settings<'experiment-run'>): Given {
  if (jobs === 1) return {};
  const all = threads ?? availableParallelism();
  if (jobs > all) {
    throw new UsageError(
      `Expected --jobs to be at most the ${all} threads that they share but received ${jobs}`,
    );
  }
  const share = String(Math.floor(all / jobs));
  return { threads: share, workers: workers === null ? share : String(workers) };
}
