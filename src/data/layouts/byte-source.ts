/** Reads small pieces of large files. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemPath } from '../../system/file-names.js';
import { cannotRead } from './cannot-read.js';

/** Bytes to read from: those of a file, or of a part of one. */
export interface ByteSource {
  /** Bytes before its first one. */
  readonly start: number;
  /** Bytes before its end. */
  readonly end: number;
  /** Valid until the next call. */
  read(position: number, length: number): Buffer;
}

/** What is read around a header: small enough to skip images, large enough for small members. */
const WINDOW = 4096;

/** Calls `use` with the bytes of a file; `range` is the part of it that counts. */
export async function withFile<T>(
  file: string,
  range: { readonly offset: number; readonly size: number } | undefined,
  use: (source: ByteSource, mtimeNs: bigint) => T | Promise<T>,
): Promise<T> {
  const handle = openFile(file);
  try {
    const { size, mtimeNs } = fstatSync(handle, { bigint: true });
    const start = range?.offset ?? 0;
    const end = Math.min(Number(size), start + (range?.size ?? Number(size)));
    return await use({ start, end, read: windowReader(handle, end) }, mtimeNs);
  } finally {
    closeSync(handle);
  }
}

/** Bytes in memory. */
export function bytesSource(bytes: Buffer): ByteSource {
  const read = (position: number, length: number) => bytes.subarray(position, position + length);
  return { start: 0, end: bytes.length, read };
}

/** Reads the file in pieces, so that one call serves headers that are close together. */
function windowReader(handle: number, end: number): ByteSource['read'] {
  let window = Buffer.alloc(0);
  let from = 0;
  return (position, length) => {
    if (position < from || position + length > from + window.length) {
      const bytes = Buffer.allocUnsafe(Math.min(Math.max(length, WINDOW), end - position));
      from = position;
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(handle, bytes, filled, bytes.length - filled, from + filled);
        if (count === 0) break;
        filled += count;
      }
      window = bytes.subarray(0, filled);
    }
    return window.subarray(position - from, position - from + length);
  };
}

function openFile(file: string): number {
  try {
    return openSync(systemPath(file), 'r');
  } catch (cause) {
    throw cannotRead(file, cause);
  }
}
