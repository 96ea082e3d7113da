/** The directory of a run: made for a new one, made ready for one that is resumed. */
import { rm } from 'node:fs/promises';
import { truncateSummary } from '../runs/csv.js';
import { describeHardware, describeVersions } from '../runs/environment.js';
import {
  createRun,
  type RunDirectory,
  type RunRecord,
  removeLeftovers,
  writeRecord,
} from '../runs/run-directory.js';
import { keepSubset } from '../runs/run-selection.js';
import { cannotWrite } from '../system/system-errors.js';
import type { Prepared } from './prepare.js';
import type { TrainRequest } from './request.js';

/** Fails before any training where the directory cannot be written. */
export async function startRun(prepared: Prepared): Promise<RunDirectory> {
  const { request, dataset } = prepared;
  if (request.resume !== undefined) return resumeRun(request, request.resume, prepared);
  const { settings, architecture } = request;
  const run = await createRun(settings.output ?? 'runs', settings.experiment, architecture.name);
  try {
    await writeRecord(run, await newRecord(prepared));
    await keepSubset(run, dataset, settings);
    return run;
  } catch (error) {
    await rm(run.path, { recursive: true, force: true });
    throw cannotWrite(`the run to ${run.path}`, error, 'Choose another directory with --output');
  }
}

async function resumeRun(
  { provenance }: TrainRequest,
  { run, record, checkpoint, changed }: NonNullable<TrainRequest['resume']>,
  { augmentation }: Prepared,
): Promise<RunDirectory> {
  const { epoch, step } = checkpoint.state.progress;
  const entry = { time: new Date().toISOString(), step, changed };
  const resumed = [...record.resumed, entry];
  try {
    await removeLeftovers(run);
    await truncateSummary(run.summary, epoch);
    await writeRecord(run, { ...record, settings: provenance, augmentation, resumed });
    return run;
  } catch (error) {
    const next = `Its checkpoints are whole: a copy of the directory can be resumed elsewhere`;
    throw cannotWrite(`the run ${run.path}`, error, next);
  }
}

async function newRecord(prepared: Prepared): Promise<RunRecord> {
  const { request, dataset, backend, augmentation } = prepared;
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
      training: dataset.train.images.length,
      validation: dataset.val.images.length,
      classes: dataset.classes,
    },
    resumed: [],
  };
}
