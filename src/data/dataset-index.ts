import { createHash } from 'node:crypto';
import { basename, relative } from 'node:path';
import { DataError } from '../errors.js';
import { readChannels } from './decode/decode.js';
import { IMAGE_FORMATS_TEXT } from './decode/formats.js';
import type { ImageTable } from './image-table.js';
import { loadIndex, saveIndex } from './index-cache.js';
import type { DatasetIndex } from './indexed-dataset.js';
import { openFolder } from './layouts/directory.js';
import type { Labelled } from './layouts/labelled.js';
import { count, list } from './layouts/names.js';
import { readLayout } from './layouts/read-layout.js';
import { type IndexSource, Survey } from './layouts/survey.js';

/** Images that are looked at to tell grey from colour. */
const LOOKS = 10;
/** Smaller datasets are read again at each start, in under a second. */
const CACHED_FROM = 20_000;
/** Within this time a second change may leave a directory's modification time unchanged. */
const SETTLED_MS = 2000;

/**
 * The index of the dataset in a directory or tar file: of a large one from the cache, as long as no
 * directory and no tar file of it changed. Throws a DataError that names the path.
 */
export async function openIndex(
  root: string,
  onProgress: (text: string) => void = () => {},
  name = basename(root, '.tar'),
): Promise<DatasetIndex> {
  const cached = await loadIndex(root);
  if (cached !== undefined) return { ...cached, name };
  const started = Date.now();
  const survey = new Survey((images) => onProgress(`Indexing ${root}: ${count(images, 'image')}`));
  const index = await makeIndex(root, name, survey);
  const images = index.train.images.length + (index.val?.images.length ?? 0);
  const sources = [...survey.sources.values()];
  if (images < CACHED_FROM || !sources.every((source) => isSettled(source, started))) return index;
  const problem = await saveIndex(index, sources);
  return problem === undefined ? index : { ...index, warnings: [...index.warnings, problem] };
}

function isSettled({ modified }: IndexSource, now: number): boolean {
  return Number(BigInt(modified) / 1_000_000n) < now - SETTLED_MS;
}

async function makeIndex(root: string, name: string, survey: Survey): Promise<DatasetIndex> {
  const layout = await readLayout(openFolder(root, survey), survey);
  const { train, words, noVal } = layout;
  const { classes } = train;
  const strangers = layout.val?.classes.filter((folder) => !classes.includes(folder)) ?? [];
  const val = layout.val && renumber(layout.val, [...classes, ...strangers]);
  return {
    ...{ name, root, layout: layout.name, classes, words, train, val, noVal, strangers },
    channels: await channelsOf(train.images),
    fingerprint: fingerprint(root, classes, val === undefined ? [train] : [train, val]),
    warnings: [...survey.notes, ...warningsOf(train, val)],
  };
}

/** The part with labels that count the classes of another list. */
function renumber(part: Labelled, classes: readonly string[]): Labelled {
  const indices = new Map(classes.map((name, index) => [name, index]));
  const table = part.classes.map((name) => indices.get(name) as number);
  return { ...part, labels: part.labels.map((label) => table[label] as number) };
}

function warningsOf(train: Labelled, val: Labelled | undefined): string[] {
  const { classes } = train;
  const warnings: string[] = [];
  const empty = [train, val].flatMap((part) => (part === undefined ? [] : emptyFiles(part)));
  if (empty.length > 0) {
    warnings.push(`${count(empty.length, 'image')} are empty or missing: ${list(empty)}.`);
  }
  if (classes.length === 1) {
    warnings.push(`There is only one class in ${train.path}: ${classes[0]}.`);
  }
  if (val === undefined) return warnings;
  const present = new Set(val.labels);
  const missing = classes.filter((_, label) => !present.has(label));
  if (missing.length > 0) {
    warnings.push(
      `${missing.length} of ${classes.length} classes have no validation images in ${val.path}: ${list(missing)}.`,
    );
  }
  return warnings;
}

function emptyFiles({ images }: Labelled): string[] {
  const { sizes } = images.columns;
  const empty: string[] = [];
  for (let index = 0; index < sizes.length; index++) {
    if ((sizes[index] as number) <= 0) empty.push(images.name(index));
  }
  return empty;
}

/** 3 if one of a few images from all over the part has colour, else 1. */
async function channelsOf(images: ImageTable): Promise<1 | 3> {
  let grey = false;
  let reason: unknown;
  const looks = Math.min(LOOKS, images.length);
  for (let look = 0; look < looks; look++) {
    const index = Math.floor((look * images.length) / looks);
    try {
      if ((await readChannels(images.locate(index))) === 3) return 3;
      grey = true;
    } catch (error) {
      reason ??= error;
    }
  }
  if (grey) return 1;
  throw new DataError(
    `Cannot read any of ${count(looks, 'image')}, ${images.name(0)} first: ${reason instanceof Error ? reason.message : reason}. Are they complete ${IMAGE_FORMATS_TEXT} files?`,
    { cause: reason },
  );
}

/**
 * SHA-256 of class names, of the images' names relative to the root and of their sizes; where the
 * names of images do not tell their classes, of the labels as well.
 */
function fingerprint(root: string, classes: readonly string[], parts: readonly Labelled[]): string {
  const hash = createHash('sha256');
  hash.update(`${classes.join('\n')}\n`);
  for (const { images, labels, kind } of parts) {
    for (let index = 0; index < images.length; index++) {
      const size = images.columns.sizes[index] as number;
      hash.update(`${relative(root, images.name(index))} ${size < 0 ? 'missing' : size}\n`);
    }
    if (kind !== 'class folders') hash.update(labels);
  }
  return hash.digest('hex');
}
