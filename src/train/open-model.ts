import { type Architecture, findArchitecture } from '../archs/index.js';
import { DataError } from '../errors.js';
import type { Layer } from '../settings.js';
import { type Checkpoint, loadWeights, openCheckpoint } from './checkpoint.js';
import { findRun, type RunRecord, readRecord } from './run-directory.js';
import { openSession, type Session } from './session.js';

/** A checkpoint that was found whole and fits what was asked for. */
export interface TrainedModel {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
  /** The run it belongs to, if it still lies there. */
  readonly run: string | undefined;
  readonly record: RunRecord | undefined;
}

/** Opens a checkpoint of an architecture, or of any when `arch` is null. */
export async function openTrainedModel(path: string, arch: string | null): Promise<TrainedModel> {
  const checkpoint = await openCheckpoint(path);
  const architecture = findArchitecture(checkpoint.state.network.arch);
  checkArchitecture(checkpoint, arch);
  const run = await findRun(checkpoint.directory).catch(() => undefined);
  return { checkpoint, architecture, run: run?.path, record: run && (await readRecord(run)) };
}

/** Throws a DataError unless the checkpoint is one of `arch`, where that is given. */
export function checkArchitecture({ directory, state }: Checkpoint, arch: string | null): void {
  const found = state.network.arch;
  if (arch === null || findArchitecture(arch).name === found) return;
  throw new DataError(
    `Expected a checkpoint of ${findArchitecture(arch).name} but ${directory} is one of ${found}`,
  );
}

/** Throws a DataError unless the classes are those that the checkpoint was trained on. */
export function checkClasses(
  { directory, state }: Checkpoint,
  data: string,
  classes: readonly string[],
): void {
  const known = state.network.classes;
  if (known.length !== classes.length) {
    throw new DataError(
      `The checkpoint ${directory} tells ${known.length} classes apart but ${data} has ${classes.length}`,
    );
  }
  const differs = known.findIndex((name, index) => name !== classes[index]);
  if (differs < 0) return;
  throw new DataError(
    `The classes of ${data} are not those of the checkpoint ${directory}: ` +
      `class ${differs} is "${classes[differs]}" where the checkpoint has "${known[differs]}"`,
  );
}

/** The batch size of the run, so that an evaluation adds up as the run's own did. */
export function storedLayer({ record }: TrainedModel): Layer {
  const batchSize = record?.settings['batch-size'];
  return { values: batchSize ? { 'batch-size': batchSize.value } : {}, source: 'default' };
}

/** Builds the network on the device and fills in its weights. */
export async function restoreSession({ architecture, checkpoint }: TrainedModel): Promise<Session> {
  const session = openSession(architecture, checkpoint.state.network, 0);
  await loadWeights(session.model, checkpoint);
  return session;
}
