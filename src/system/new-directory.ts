import { mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { makeDirectories, syncDirectory, temporaryName, withPath, writeDurably } from './files.js';
import { cannotWrite, hasCode } from './system-errors.js';

type Files = Iterable<readonly [name: string, content: Uint8Array]>;

/**
 * Writes a directory that is complete or not there. One that exists must be empty; throws a
 * UsageError otherwise.
 */
export async function writeNewDirectory(path: string, flag: string, files: Files): Promise<void> {
  await checkNewDirectory(path, flag);
  try {
    await makeDirectories(dirname(path));
    // The directory that a link leads to, so that the link stays.
    const target = await realpath(path).catch(() => path);
    const partial = temporaryName(target);
    try {
      await mkdir(partial);
      for (const [name, content] of files) await writeDurably(join(partial, name), [content]);
      await syncDirectory(partial);
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw withPath(error, path, partial);
    }
    await syncDirectory(dirname(target));
  } catch (error) {
    throw cannotWrite(`${flag} ${path}`, error, 'Choose another place');
  }
}

/** Throws a UsageError where something is that must not be overwritten. */
export async function checkNewDirectory(path: string, flag: string): Promise<void> {
  const expected = `Expected ${flag} to be a new or empty directory but ${path}`;
  const existing = await stat(path).catch((error) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw cannotWrite(`${flag} ${path}`, error, 'Choose another place');
  });
  if (existing === undefined) return;
  if (!existing.isDirectory()) throw new UsageError(`${expected} is a file`);
  const [first] = await readdir(path);
  if (first === undefined) return;
  throw new UsageError(`${expected} holds ${first}: choose another, or remove what is in it`);
}
