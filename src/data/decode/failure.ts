import { open, opendir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemPath } from '../../system/file-names.js';
import { isSystemError } from '../../system/system-errors.js';
import type { ImageLocation } from '../dataset.js';
import { reasonOf } from './decode-options.js';

/** Why an image could not be read. */
export interface Failure {
  readonly reason: string;
  /**
   * The system did not give the file, which says nothing of the image: the next time it may. Else
   * what is in the file cannot be decoded.
   */
  readonly system: boolean;
}

export function failureOf(error: unknown): Failure {
  return { reason: reasonOf(error), system: isSystemError(error) };
}

/**
 * Whether not the image alone is gone but the directory or archive that it was in, as where a disk
 * was unmounted or a file server was stopped.
 */
export async function isPlaceGone({ file, length }: ImageLocation): Promise<boolean> {
  const isArchive = length >= 0;
  try {
    if (isArchive) {
      const handle = await open(systemPath(file));
      await handle.close();
      return false;
    }
    // The mount point of a disk stays, as an empty directory.
    const directory = await opendir(systemPath(dirname(file)) as string);
    const first = await directory.read();
    await directory.close();
    return first === null;
  } catch {
    return true;
  }
}

/** Seconds for which is waited until files can be read again, where nothing else is asked for. */
export const PATIENCE_SECONDS = 60;

/** The pauses between two attempts, in seconds, each twice as long as the one before it. */
const PAUSES = { first: 0.1, longest: 10 };

/** Yields after each pause, longer ones from time to time, until the seconds are over. */
export async function* pauses(seconds: number, signal?: AbortSignal): AsyncGenerator<void> {
  const end = performance.now() + 1000 * seconds;
  for (let next = PAUSES.first; ; next = Math.min(2 * next, PAUSES.longest)) {
    const left = end - performance.now();
    if (left <= 0) return;
    await pause(Math.min(1000 * next, left), undefined, signal && { signal });
    yield;
  }
}
