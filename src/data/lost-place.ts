import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataError } from '../errors.js';
import { printable, systemPath } from '../file-names.js';
import { hasCode, isSystemError, systemReason } from '../system-errors.js';
import type { ImageLocation } from './dataset.js';
import { readBytes } from './decode/read-bytes.js';

/** A file server or a device that no longer answers. */
const GONE = ['ESTALE', 'ENOTCONN', 'ENODEV', 'ENXIO', 'EHOSTDOWN', 'EHOSTUNREACH', 'ETIMEDOUT'];

/**
 * Throws a DataError where an image could not be read because its folder, its tar file or the disk below
 * it is gone: all others would be left out as well, and a training go on with nothing.
 */
export function refuseLostPlace(location: ImageLocation): void {
  const { file, length } = location;
  try {
    readBytes(location);
  } catch (cause) {
    if (!isSystemError(cause)) return;
    const place = length < 0 ? dirname(file) : file;
    if (hasCode(cause, ...GONE) || (hasCode(cause, 'ENOENT') && !isThere(place))) {
      const problem = `The data is gone: cannot read ${printable(file)}: ${systemReason(cause)}.`;
      throw new DataError(`${problem} Bring ${printable(place)} back.`, { cause });
    }
  }
}

function isThere(path: string): boolean {
  return statSync(systemPath(path), { throwIfNoEntry: false }) !== undefined;
}
