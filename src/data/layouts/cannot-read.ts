import { type Stats, statSync } from 'node:fs';
import { DataError } from '../../errors.js';
import { printable, systemPath } from '../../file-names.js';
import { hasCode, systemReason } from '../../system-errors.js';

/** What is at a path; undefined where nothing can be. Throws a DataError where the system does not say. */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(systemPath(path));
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return undefined;
    throw cannotRead(path, cause);
  }
}

export function cannotRead(path: string, cause: unknown): DataError {
  return new DataError(`Cannot read ${printable(path)}: ${systemReason(cause)}.`, { cause });
}
