import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../errors.js';
import { exists } from '../../system/files.js';
import { hashRegularFile, readRegularFile } from '../../system/read-file.js';
import { systemReason } from '../../system/system-errors.js';
import { type CheckpointState, stateSchema } from '../state.js';
import { ALL_FILES, damaged, FILES, MOST_JSON_BYTES, PREVIOUS, STATE } from './layout.js';
import { readManifest } from './manifest.js';

/**
 * A checkpoint is replaced once in an epoch at most: a second attempt all but always finds it
 * whole.
 */
const ATTEMPTS = 3;

export interface Checkpoint {
  readonly directory: string;
  readonly state: CheckpointState;
  /** Of the directory that was read. */
  readonly identity?: string;
}

/** A checkpoint that was opened before, or what has taken its place since. */
export async function reopenCheckpoint(
  place: string,
  known: Pick<Checkpoint, 'directory'> & Partial<Checkpoint>,
): Promise<Checkpoint> {
  const { directory, state, identity } = known;
  const same = directory === place && identity !== undefined;
  if (same && state !== undefined && (await identityOf(place)) === identity) {
    return { directory, state, identity };
  }
  return openCheckpoint(place);
}

/** Whether a run has a checkpoint from which it can be resumed. */
export async function hasCheckpoint({ last }: { readonly last: string }): Promise<boolean> {
  return (await exists(last)) || (await exists(`${last}${PREVIOUS}`));
}

/** Finds the checkpoint that a path means, the last one for a run, and checks that it is whole. */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  for (let attempt = 1; ; attempt++) {
    const directory = await findCheckpoint(path);
    const marker = await identityOf(directory);
    try {
      const state = await readState(directory);
      for (const name of FILES) await checkFile(directory, name, state);
      await readManifest(directory, state);
      return { directory, state, ...(marker !== undefined && { identity: marker }) };
    } catch (error) {
      // A training may have put another one in its place meanwhile.
      if (attempt === ATTEMPTS || (await identityOf(directory)) === marker) throw error;
    }
  }
}

/** Whether two checkpoints are the same files, so that one is whole where the other is. */
export async function areSameFiles(directory: string, other: string): Promise<boolean> {
  const identities = (place: string) =>
    Promise.all(ALL_FILES.map((name) => stat(join(place, name), { bigint: true })));
  try {
    const [files, others] = await Promise.all([identities(directory), identities(other)]);
    return files.every(({ dev, ino }, index) => {
      return dev === others[index]?.dev && ino === others[index]?.ino;
    });
  } catch {
    return false;
  }
}

/** Differs for two directories that had the same path. */
async function identityOf(directory: string): Promise<string | undefined> {
  const info = await stat(directory, { bigint: true }).catch(() => undefined);
  // A file system gives the number of what was removed to another one.
  return info && [info.dev, info.ino, info.ctimeNs].join();
}

async function findCheckpoint(path: string): Promise<string> {
  const last = join(path, 'checkpoints', 'last');
  const places = [path, `${path}${PREVIOUS}`, last, `${last}${PREVIOUS}`];
  let found: boolean;
  try {
    for (const place of places) {
      if (await exists(join(place, STATE))) return place;
    }
    found = await exists(path);
  } catch (cause) {
    throw new DataError(`Cannot read the checkpoint ${path}: ${systemReason(cause)}`, { cause });
  }
  throw new DataError(
    found
      ? `No checkpoint in ${path}: expected ${STATE}, or checkpoints/last/${STATE} of a run`
      : `No such checkpoint: ${path}`,
  );
}

async function readState(directory: string): Promise<CheckpointState> {
  const file = join(directory, STATE);
  const bytes = await readRegularFile(file, MOST_JSON_BYTES).catch((cause) => {
    throw damaged(directory, `${STATE}: ${systemReason(cause)}`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw damaged(directory, `${STATE} is not whole JSON`, { cause: error });
  }
  const result = stateSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damaged(directory, `${STATE}: ${issue?.path.join('.')}: ${issue?.message}`);
}

async function checkFile(directory: string, name: string, state: CheckpointState): Promise<void> {
  const expected = state.files[name];
  if (expected === undefined) throw damaged(directory, `${STATE} does not name ${name}`);
  const { bytes } = expected;
  const file = join(directory, name);
  const unreadable = (error: Error) => {
    throw damaged(directory, `${name}: ${systemReason(error)}`, { cause: error });
  };
  const { size } = await stat(file).catch(unreadable);
  if (size !== bytes)
    throw damaged(directory, `${name} has ${size} bytes and should have ${bytes}`);
  const hash = await hashRegularFile(file, bytes).catch(unreadable);
  if (hash !== expected.sha256) {
    throw damaged(directory, `the content of ${name} is not what was written`);
  }
}
