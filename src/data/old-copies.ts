/** Which copies in the cache are removed: those that nobody has used for long. */
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** A copy that was used later than that may be in use. */
const IN_USE_SECONDS = 2 * DAY;
/** Older ones are removed. */
const MOST_SECONDS = 30 * DAY;
/** And of those between, the ones that were used longest ago while all together take more. */
const MOST_BYTES = 16 * 2 ** 30;

const used = new Set<string>();

/**
 * Says that a copy, in a directory of its own, is used now, and as long as this program runs. Readers
 * open it again for each image.
 */
export async function useCopy(directory: string): Promise<void> {
  await touch(directory);
  if (used.size === 0) setInterval(() => [...used].forEach(touch), 1000 * HOUR).unref();
  used.add(directory);
}

/** Removes old copies below a directory; `now` in seconds. */
export async function removeOldCopies(root: string, now = Date.now() / 1000): Promise<void> {
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(names.map((name) => lookAt(join(root, name), now)));
  let total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { directory, bytes, age } of found.toSorted((a, b) => b.age - a.age)) {
    if (age <= IN_USE_SECONDS || (age <= MOST_SECONDS && total <= MOST_BYTES)) continue;
    total -= bytes;
    // Another program may be removing it.
    await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
}

/** The size of a copy and the seconds since it was used. */
async function lookAt(directory: string, now: number) {
  const info = await stat(directory).catch(() => undefined);
  const names = await readdir(directory).catch(() => []);
  const sizes = await Promise.all(
    names.map(
      async (name) => (await stat(join(directory, name)).catch(() => undefined))?.size ?? 0,
    ),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return { directory, bytes, age: info === undefined ? 0 : now - info.mtimeMs / 1000 };
}

async function touch(directory: string): Promise<void> {
  const now = new Date();
  // A cache that is not ours to write to is none to remove from either.
  await utimes(directory, now, now).catch(() => {});
}
