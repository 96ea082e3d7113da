import assert from 'node:assert/strict';
import { mkdir, readdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOldCopies, useCopy } from '../../src/data/old-copies.js';
import { temporaryDirectory } from './images.js';

const DAY = 24 * 3600;
const GIB = 2 ** 30;

describe('copies in the cache', () => {
  const directory = temporaryDirectory();
  let caches = 0;

  /** Sparse files, each used so many days ago. */
  async function cacheOf(copies: Readonly<Record<string, [days: number, gib: number]>>) {
    const root = join(directory(), String(caches++));
    const now = Date.now() / 1000;
    for (const [name, [days, gib]] of Object.entries(copies)) {
      const folder = join(root, name);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'copy.tar'), '');
      await truncate(join(folder, 'copy.tar'), gib * GIB);
      await utimes(folder, now - days * DAY, now - days * DAY);
    }
    return { root, now };
  }

  it('are removed after a month without use', async () => {
    const { root, now } = await cacheOf({ new: [1, 0], known: [29, 0], old: [31, 0] });
    await removeOldCopies(root, now);
    assert.deepEqual((await readdir(root)).sort(), ['known', 'new']);
  });

  it('are removed earlier where they take much room, but not while they may be in use', async () => {
    const { root, now } = await cacheOf({ a: [20, 6], b: [10, 6], c: [5, 6], d: [1, 60] });
    await removeOldCopies(root, now);
    assert.deepEqual(await readdir(root), ['d']);
    const fewer = await cacheOf({ a: [20, 6], b: [10, 6], c: [5, 6] });
    await removeOldCopies(fewer.root, fewer.now);
    assert.deepEqual((await readdir(fewer.root)).sort(), ['b', 'c']);
  });

  it('are kept once they are used again, and none has to be there', async () => {
    const { root, now } = await cacheOf({ used: [40, 0] });
    await useCopy(join(root, 'used'));
    await removeOldCopies(root, now);
    assert.deepEqual(await readdir(root), ['used']);
    await removeOldCopies(join(root, 'nothing'), now);
  });
});
