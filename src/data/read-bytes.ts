import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { PictureLocation } from './dataset.js';

/** A picture that is a file of its own. */
export function wholeFile(file: string): PictureLocation {
  return { file, offset: 0, length: -1 };
}

/** The bytes of a picture. Throws if the file cannot be read or ends before the picture does. */
export function readBytes({ file, offset, length }: PictureLocation): Buffer {
  if (length < 0) return readFileSync(file);
  const bytes = Buffer.allocUnsafe(length);
  const handle = openSync(file, 'r');
  try {
    for (let read = 0; read < length; ) {
      const count = readSync(handle, bytes, read, length - read, offset + read);
      if (count === 0)
        throw new Error(`${file} ends ${length - read} bytes before the picture does`);
      read += count;
    }
  } finally {
    closeSync(handle);
  }
  return bytes;
}
