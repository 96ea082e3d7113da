/** How a training ends before its last epoch: what of the run is safe, and how to resume it. */
import { CnnError, RunError } from '../errors.js';
import { openCheckpoint } from '../runs/checkpoint/open.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { Progress } from '../runs/state.js';
import { exists } from '../system/files.js';
import { cureFor, describeSystemError } from '../system/system-errors.js';
import { SIGNAL_EXIT_CODES, type StopSignal } from './signals.js';

/** After the signal was heeded and the run saved. */
export function stoppedBy(
  signal: StopSignal,
  { path }: RunDirectory,
  { epoch, stepInEpoch }: Progress,
): CnnError {
  return new CnnError(
    `Stopped by ${signal} in epoch ${epoch + 1} after ${stepInEpoch} of its steps and saved.\n` +
      `Resume with: cnn train --resume ${path}`,
    SIGNAL_EXIT_CODES[signal],
  );
}

/** After the operating system failed. */
export async function brokenOffBy(
  error: NodeJS.ErrnoException,
  { path, last }: RunDirectory,
): Promise<RunError> {
  if (!(await exists(path).catch(() => true))) {
    const problem = `The directory of the run ${path} was removed while it trained`;
    return new RunError(`${problem}: nothing of it is left. Start it again`, { cause: error });
  }
  const problem = describeSystemError(error);
  const cure = cureFor(error);
  const checkpoint = await openCheckpoint(last).catch(() => undefined);
  if (checkpoint === undefined) {
    const next = `Nothing of the run ${path} is saved. ${cure}, then start it again`;
    return new RunError(`${problem}. ${next}`, { cause: error });
  }
  const { directory, state } = checkpoint;
  const safe = `The checkpoint of step ${state.progress.step} in ${directory} is whole`;
  const next = `${cure}, then resume with: cnn train --resume ${path}`;
  return new RunError(`${problem}. ${safe}. ${next}`, { cause: error });
}
