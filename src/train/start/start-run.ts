/** The directory of a run: made for a new one, made ready for one that is resumed. */
import { restoreSummary, type StoredRow, startSummary, truncateSummary } from '../../runs/csv.js';
import { describeHardware, describeVersions } from '../../runs/environment.js';
import {
  createRun,
  type RunDirectory,
  type RunRecord,
  writeRecord,
} from '../../runs/run-directory.js';
import { keepSubset } from '../../runs/run-selection.js';
import type { Progress } from '../../runs/state.js';
import type { Reporter } from '../../session/reporter.js';
import { cannotWrite } from '../../system/system-errors.js';
import { startProgress } from '../progress.js';
import type { Prepared } from './prepare.js';
import type { TrainRequest } from './request.js';

/** Makes the directory of a new run; fails before any training where it cannot be written. */
export async function startRun(prepared: Prepared): Promise<RunDirectory> {
  const { request, dataset } = prepared;
  const { settings, architecture } = request;
  const { output, experiment } = settings;
  return createRun(output ?? 'runs', experiment, architecture.name, async (run) => {
    if (prepared.updating.averages) await startSummary(run.summary, true);
    await writeRecord(run, newRecord(prepared));
    await keepSubset(run, dataset, settings);
  });
}

/** Writes into a run that it is resumed, and takes its summary back to the checkpoint. */
export async function resumeRun(
  { run, record, checkpoint, changed }: NonNullable<TrainRequest['resume']>,
  { request, augmentation, updating }: Prepared,
  reporter: Pick<Reporter, 'note'>,
): Promise<void> {
  const progress = checkpoint?.state.progress ?? startProgress();
  const { step } = progress;
  const entry = { time: new Date().toISOString(), step, changed };
  const resumed = [...record.resumed, entry];
  try {
    if (await takeBackSummary(run, progress, updating.averages)) {
      reporter.note(`mended ${run.summary} with the rows of the checkpoint`);
    }
    await writeRecord(run, { ...record, settings: request.provenance, augmentation, resumed });
  } catch (error) {
    const next = `Its checkpoints are whole: a copy of the directory can be resumed elsewhere`;
    throw cannotWrite(`the run ${run.path}`, error, next);
  }
}

/** Takes the summary of a run back to a checkpoint; true where it had to be mended. */
export async function takeBackSummary(
  { summary }: Pick<RunDirectory, 'summary'>,
  { epoch, rows }: Pick<Progress, 'epoch' | 'rows'>,
  averages: boolean,
): Promise<boolean> {
  if (rows !== undefined) return restoreSummary(summary, completeRows(rows, epoch), averages);
  await truncateSummary(summary, epoch, averages);
  return false;
}

/** The rows of complete epochs; that of a part of one is written again. */
function completeRows(rows: readonly StoredRow[], epochs: number): readonly StoredRow[] {
  return rows.filter(({ epoch }) => (epoch ?? Number.POSITIVE_INFINITY) <= epochs);
}

function newRecord(prepared: Prepared): RunRecord {
  const { request, dataset, backend, augmentation, choices } = prepared;
  const { provenance, data } = request;
  const { name, precision, threads, why } = backend;
  return {
    started: new Date().toISOString(),
    settings: provenance,
    augmentation,
    versions: describeVersions(),
    hardware: describeHardware(),
    backend: { name, precision, threads, why },
    data: {
      name: dataset.name,
      root: data,
      layout: dataset.layout,
      fingerprint: dataset.fingerprint,
      evaluation: dataset.evaluation,
      training: dataset.train.images.length,
      validation: dataset.val.images.length,
      classes: dataset.classes,
    },
    ...(choices && { choices }),
    resumed: [],
  };
}
