/**
 * Time to index a dataset of the size of ILSVRC 2012 and to start from the index: 1,281,167 training
 * and 50,000 validation images in 1000 classes. The images of a class are hard links to one small
 * JPEG, so that the tree takes names and no space.
 *
 *     npx tsx bench/dataset-index.ts [--directory DIR] [--keep]
 */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { IMAGENET_WORDS } from '../src/data/layouts/labels/imagenet-words.js';
import { openDataset } from '../src/data/open-dataset.js';
import { PACKAGE_ROOT } from '../src/package-root.js';

const PARTS = { train: 1_281_167, val: 50_000 } as const;
const PROGRAM = join(PACKAGE_ROOT, 'bin/cnn.js');
/** An index is kept only of directories that have been at rest for that long. */
const REST_MS = 2500;

const { values } = parseArgs({
  options: { directory: { type: 'string' }, keep: { type: 'boolean', default: false } },
});

async function measure(): Promise<void> {
  const place = values.directory ?? mkdtempSync(join(tmpdir(), 'cnn-index-'));
  const root = join(place, 'imagenet');
  process.env['CNN_CACHE'] = join(place, 'cache');
  rmSync(process.env['CNN_CACHE'], { recursive: true, force: true });
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`,
  );
  if (!existsSync(root)) report('make the tree', await timed(() => makeTree(root)));
  await sleep(REST_MS);
  report('cnn data check, nothing kept', await timed(() => check(root)));
  report('cnn data check, from the index', await timed(() => check(root)));
  const before = process.memoryUsage().rss;
  report('open from the index in a running process', await timed(() => openDataset(root)));
  console.log(`${((process.memoryUsage().rss - before) / 2 ** 20).toFixed(0)} MiB more memory`);
  const [wnid] = IMAGENET_WORDS.keys();
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(join(root, 'train', wnid ?? ''), hourAgo, hourAgo);
  report('cnn data check after a change', await timed(() => check(root)));
  if (!values.keep && values.directory === undefined) rmSync(place, { recursive: true });
}

async function makeTree(root: string): Promise<void> {
  const background = { r: 200, g: 120, b: 40 };
  const image = sharp({ create: { width: 16, height: 16, channels: 3, background } });
  const jpeg = await image.jpeg().toBuffer();
  for (const [part, images] of Object.entries(PARTS)) {
    for (const [label, wnid] of [...IMAGENET_WORDS.keys()].entries()) {
      const folder = join(root, part, wnid);
      mkdirSync(folder, { recursive: true });
      const first = join(folder, `${wnid}_0.JPEG`);
      writeFileSync(first, jpeg);
      const many = Math.floor(images / 1000) + Number(label < images % 1000);
      for (let index = 1; index < many; index++) {
        linkSync(first, join(folder, `${wnid}_${index * 7}.JPEG`));
      }
    }
  }
}

function check(root: string): void {
  const { status, stderr, stdout } = spawnSync(process.execPath, [PROGRAM, 'data', 'check', root], {
    encoding: 'utf8',
  });
  if (status !== 0 || !stdout.includes('1,281,167')) throw new Error(stderr + stdout);
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function report(what: string, seconds: number): void {
  console.log(`${seconds.toFixed(2).padStart(7)} s  ${what}`);
}

await measure();
