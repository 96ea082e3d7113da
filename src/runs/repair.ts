/** Puts right what the end of a program left half done in a run that is claimed. */
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { removeTemporaries } from '../system/files.js';
import { PREVIOUS } from './checkpoint/layout.js';
import {
  areSameFiles,
  type Checkpoint,
  openCheckpoint,
  reopenCheckpoint,
} from './checkpoint/open.js';
import { copyCheckpoint, restoreReplaced } from './checkpoint/save.js';
import type { RunDirectory } from './run-directory.js';
import { isBest } from './state.js';

export interface Repaired {
  readonly checkpoint: Checkpoint;
  /** What was found, for the person at the terminal. */
  readonly findings: readonly string[];
}

/** Removes what a killed process left, and ends the replacement of checkpoints that it had begun. */
export async function removeLeftovers({ path, last, best }: RunDirectory): Promise<void> {
  for (const directory of [path, dirname(last)]) await removeTemporaries(directory);
  for (const directory of [last, best]) await restoreReplaced(directory);
}

/**
 * Opens a checkpoint again after the leftovers are removed, and makes `best` what the last checkpoint
 * says it is: the program may have ended after it saved `last` and before it copied `best`.
 */
export async function repairCheckpoints(
  run: RunDirectory,
  known: Pick<Checkpoint, 'directory'> & Partial<Checkpoint>,
): Promise<Repaired> {
  const { directory } = known;
  const place = directory.endsWith(PREVIOUS) ? directory.slice(0, -PREVIOUS.length) : directory;
  const checkpoint = await reopenCheckpoint(place, known);
  if (place !== run.last) return { checkpoint, findings: [] };
  const { progress } = checkpoint.state;
  if (progress.best === undefined) return { checkpoint, findings: [] };
  const found = (await areSameFiles(run.best, run.last))
    ? checkpoint
    : await openCheckpoint(run.best).catch(() => undefined);
  if (isDeepStrictEqual(found?.state.progress.best, progress.best)) {
    return { checkpoint, findings: [] };
  }
  if (isBest(progress)) {
    await copyCheckpoint(run.last, run.best);
    return { checkpoint, findings: [`repaired ${run.best}: it is that of step ${progress.step}`] };
  }
  const { epoch } = progress.best;
  const lost = `${run.best} is not the checkpoint of epoch ${epoch}, the best so far`;
  const findings = [`${lost}: it is missing or damaged, and comes back with the next best epoch`];
  return { checkpoint, findings };
}
