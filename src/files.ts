import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

type Bytes = string | Uint8Array;

/** Writes parts one after the other and waits until they are on the disk. */
export async function writeDurably(
  file: string,
  parts: Iterable<Bytes> | AsyncIterable<Bytes>,
): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for await (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file so that a reader finds the old content or the new, never a part of it. */
export async function writeAtomically(
  file: string,
  content: Bytes | AsyncIterable<Bytes>,
): Promise<void> {
  const partial = `${file}.partial`;
  try {
    const whole = typeof content === 'string' || content instanceof Uint8Array;
    await writeDurably(partial, whole ? [content] : content);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await rename(partial, file);
  await syncDirectory(dirname(file));
}

/** Waits until the names in a directory are on the disk. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function sha256(parts: Iterable<Bytes>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
