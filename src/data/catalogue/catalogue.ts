/**
 * Datasets by name. Each is made once, as an ImageNet-format directory of PNG files in the cache.
 * To add one: write a source that yields its images and add a row below.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CACHE_ADVICE, cacheDirectory } from '../../cache-directory.js';
import { DataError } from '../../errors.js';
import { makeDirectories } from '../../system/files.js';
import { cannotWrite } from '../../system/system-errors.js';
import { encodePng } from '../decode/png.js';
import type { CatalogueEntry, Progress } from './catalogue-entry.js';
import { fashionMnistImages } from './fashion-mnist.js';
import { mnistImages } from './mnist.js';
import { syntheticImages } from './synthetic.js';

export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'mnist',
    revision: 1,
    count: 70_000,
    description: 'MNIST: 60,000 + 10,000 handwritten digits, 28×28 grey',
    images: mnistImages,
  },
  {
    name: 'fashion-mnist',
    revision: 1,
    count: 70_000,
    description: 'Fashion-MNIST: 60,000 + 10,000 pieces of clothing, 28×28 grey',
    images: fashionMnistImages,
  },
  {
    name: 'synthetic',
    revision: 1,
    count: 600,
    description: 'Shapes in two colours: 500 + 100 images, 64×64 RGB, for smoke runs',
    images: syntheticImages,
  },
];

/** A temporary directory older than this was left by a process that died. */
const STALE_MS = 24 * 3600 * 1000;

/**
 * The directory of a catalogue entry, made on first use. It is written under a temporary name and
 * renamed when complete: what an interrupted run leaves is never used, and of two processes at
 * work the first to finish wins.
 */
export async function materialise(entry: CatalogueEntry, onProgress: Progress): Promise<string> {
  const parent = join(cacheDirectory(), 'datasets');
  const target = join(parent, `${entry.name}-${entry.revision}`);
  if (existsSync(target)) return target;
  const prefix = `.${entry.name}-`;
  let temporary: string;
  try {
    await makeDirectories(parent);
    await removeStale(parent, prefix);
    temporary = await mkdtemp(join(parent, prefix));
  } catch (cause) {
    throw noRoom(parent, cause);
  }
  try {
    await writeImages(temporary, entry, onProgress);
    await chmod(temporary, 0o755);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (existsSync(target)) return target;
    throw noRoom(parent, error);
  }
  return target;
}

async function writeImages(root: string, entry: CatalogueEntry, onProgress: Progress) {
  const made = new Set<string>();
  let written = 0;
  for await (const { split, className, name, image } of entry.images(onProgress)) {
    const directory = join(root, split, className);
    if (!made.has(directory)) mkdirSync(directory, { recursive: true });
    made.add(directory);
    // Three times as fast as the asynchronous call for files of 300 bytes.
    writeFileSync(join(directory, `${name}.png`), encodePng(image));
    written++;
    if (written % 2000 === 0 || written === entry.count) {
      onProgress(`Writing ${entry.name}: ${written} of ${entry.count} images`);
      await setImmediate();
    }
  }
  if (written !== entry.count) {
    throw new DataError(
      `Expected ${entry.count} images in ${entry.name} but its source holds ${written}.`,
    );
  }
}

async function removeStale(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    // Another process that makes the same set may have finished in the meantime.
    const made = await stat(path).catch(() => undefined);
    if (made !== undefined && Date.now() - made.mtimeMs > STALE_MS)
      await rm(path, { recursive: true, force: true });
  }
}

function noRoom(directory: string, error: unknown): unknown {
  return cannotWrite(`the dataset to ${directory}`, error, CACHE_ADVICE);
}
