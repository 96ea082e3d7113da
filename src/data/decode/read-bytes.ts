import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { printable, systemPath } from '../../system/file-names.js';
import { hasCode } from '../../system/system-errors.js';
import type { ImageLocation } from '../dataset.js';

/** Larger files are no images, and would take that much memory; the addon has the same limit. */
export const MOST_BYTES = 256 * 2 ** 20;

/** About two seconds. */
const ATTEMPTS = 20;

/** An image that is a file of its own. */
export function wholeFile(file: string): ImageLocation {
  return { file, offset: 0, length: -1 };
}

/** The bytes of an image. Throws if the file cannot be read, is too large or ends before the image. */
export function readBytes({ file, offset, length }: ImageLocation): Buffer {
  // A pipe of that name is not waited for.
  const handle = openSync(systemPath(file), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readFrom(handle, file, offset, length < 0 ? sizeOf(handle) : length);
  } finally {
    closeSync(handle);
  }
}

/** The same, waiting a while where too many files are open: other threads close theirs soon. */
export async function readBytesInTurn(location: ImageLocation): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return readBytes(location);
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'EMFILE', 'ENFILE')) throw error;
      await setTimeout(10 * attempt);
    }
  }
}

function sizeOf(handle: number): number {
  const stats = fstatSync(handle);
  if (stats.isFile()) return stats.size;
  throw new Error('it is no regular file');
}

function readFrom(handle: number, file: string, offset: number, length: number): Buffer {
  if (length > MOST_BYTES) {
    throw new Error(
      `its ${length} bytes are more than the ${MOST_BYTES} that are read of an image`,
    );
  }
  const bytes = Buffer.allocUnsafe(length);
  for (let read = 0; read < length; ) {
    const count = readSync(handle, bytes, read, length - read, offset + read);
    if (count === 0)
      throw new Error(`${printable(file)} ends ${length - read} bytes before the image does`);
    read += count;
  }
  return bytes;
}
