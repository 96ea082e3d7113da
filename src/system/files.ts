import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { cannotWrite, hasCode, isSystemError } from './system-errors.js';

type Bytes = string | Uint8Array;
type Content = Bytes | Iterable<Bytes> | AsyncIterable<Bytes>;

/** Creates a file, writes parts one after the other and waits until they are on the disk. */
export async function writeDurably(
  file: string,
  parts: Iterable<Bytes> | AsyncIterable<Bytes>,
): Promise<void> {
  await writeParts(file, 'wx', parts);
}

/**
 * Writes a file so that a reader finds the old content or the new, never a part of it. A device or
 * a pipe is written to in place.
 */
export async function writeAtomically(file: string, content: Content): Promise<void> {
  const existing = await stat(file).catch(() => undefined);
  if (existing !== undefined && !existing.isFile() && !existing.isDirectory()) {
    return writeParts(file, 'w', partsOf(content));
  }
  // The file that a link leads to, so that the link stays.
  const target = await realpath(file).catch(() => file);
  await replaceFile(target, content).catch((error) => {
    throw withPath(error, file, target);
  });
}

/**
 * Writes a file in the place of whatever has its name, as `writeAtomically` does. A link is replaced
 * and not followed, because anybody may have put it where our files are kept.
 */
export async function replaceFile(file: string, content: Content): Promise<void> {
  const partial = temporaryName(file);
  try {
    await writeDurably(partial, partsOf(content));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw withPath(error, file, partial);
  }
  await syncDirectory(dirname(file));
}

function partsOf(content: Content): Iterable<Bytes> | AsyncIterable<Bytes> {
  return typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
}

/** Writes a file that someone named on the command line, as `writeAtomically` does. */
export async function writeOutput(file: string, content: Content): Promise<void> {
  await writeAtomically(file, content).catch((error) => {
    throw cannotWrite(file, error);
  });
}

/** Throws where `writeOutput` could not write a file, so that this is known before the work. */
export async function checkWritable(file: string, flag: string): Promise<void> {
  try {
    const existing = await stat(file).catch((error) => {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (existing?.isDirectory()) {
      throw new UsageError(`Expected ${flag} to be a file but ${file} is a directory`);
    }
    if (existing !== undefined && !existing.isFile()) return;
    // The rights alone do not say it: the superuser has all of them, also in /proc.
    const trial = temporaryName(existing === undefined ? file : await realpath(file));
    await writeDurably(trial, []);
    await rm(trial);
  } catch (error) {
    const next = hasCode(error, 'ENOENT') ? 'Make its directory first' : 'Choose another place';
    throw cannotWrite(`${flag} ${file}`, error, next);
  }
}

/**
 * A name for what is to be renamed to `path`. No other process has it, it is hidden from whoever
 * lists the directory, and it is short wherever the name of `path` is as long as the disk allows.
 */
export function temporaryName(path: string): string {
  const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
  return join(dirname(path), `.cnn-${unique}.partial`);
}

/** Whether a file or directory of this name is not finished yet. */
export function isTemporary(name: string): boolean {
  return /^\.cnn-.*\.partial$/.test(name);
}

/** Removes what a killed process left in a directory that this process alone writes to. */
export async function removeTemporaries(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (isTemporary(name)) {
      await rm(join(directory, name), { recursive: true, force: true });
    }
  }
}

/** Waits until the content of a file is on the disk. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await syncIfPossible(handle);
  } catch (error) {
    throw withPath(error, file);
  } finally {
    await handle.close();
  }
}

/** Waits until the names in a directory are on the disk. */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(directory, 'r');
  } catch (error) {
    // A directory that may be written to, but not listed.
    if (hasCode(error, 'EACCES')) return;
    throw error;
  }
  try {
    await syncIfPossible(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory and those above it. Node's own recursive mkdir never ends where the system
 * denies that the parent exists, as in /proc.
 */
export async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (await isDirectory(path)) return;
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    if (await isDirectory(dirname(path))) throw error;
    await makeDirectories(dirname(path));
    await mkdir(path).catch(async (again) => {
      if (!(await isDirectory(path))) throw again;
    });
  }
}

/** Whether there is something at a path. Throws where the system does not say. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** The error with the file that it is about, where Node names none, or the temporary one. */
export function withPath(error: unknown, path: string, temporary?: string): unknown {
  if (isSystemError(error) && (error.path === undefined || error.path === temporary)) {
    error.path = path;
  }
  return error;
}

export interface Hashed {
  readonly bytes: number;
  readonly sha256: string;
}

/** Does as `writeDurably` and returns what was written. */
export async function writeHashed(
  file: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Hashed> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = async function* () {
    for await (const part of parts) {
      bytes += part.byteLength;
      hash.update(part);
      yield part;
    }
  };
  await writeDurably(file, counted());
  return { bytes, sha256: hash.digest('hex') };
}

async function writeParts(
  file: string,
  flags: string,
  parts: Iterable<Bytes> | AsyncIterable<Bytes>,
): Promise<void> {
  const handle = await open(file, flags);
  try {
    try {
      for await (const part of parts) await handle.writeFile(part);
      await syncIfPossible(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw withPath(error, file);
  }
}

/** Pipes, devices and some network file systems cannot wait. */
async function syncIfPossible(handle: { sync(): Promise<void> }): Promise<void> {
  await handle.sync().catch((error) => {
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw error;
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
