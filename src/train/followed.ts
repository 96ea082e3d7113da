import { CnnError } from '../errors.js';
import type { Ending, Logger } from '../loggers/logger.js';
import { SIGNAL_EXIT_CODES } from './signals.js';

/** Trains, and tells the logger how that ended. */
export async function followed<T>(logger: Logger, train: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await train();
  } catch (error) {
    // What ended the training matters more than what the logger could not write.
    await logger.onEnd(endingOf(error)).catch(() => {});
    throw error;
  }
  await logger.onEnd('finished');
  return result;
}

function endingOf(error: unknown): Ending {
  const codes: readonly number[] = Object.values(SIGNAL_EXIT_CODES);
  return error instanceof CnnError && codes.includes(error.exitCode) ? 'stopped' : 'failed';
}
