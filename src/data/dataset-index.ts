import { createHash } from 'node:crypto';
import { basename, relative } from 'node:path';
import { DataError } from '../errors.js';
import { absolutePath, nameKey, printable } from '../system/file-names.js';
import { readChannels } from './decode/decode.js';
import { IMAGE_FORMATS_TEXT } from './decode/formats.js';
import type { ImageTable } from './image-table.js';
import { loadIndex, saveIndex } from './index-cache.js';
import type { DatasetIndex, Found, FoundIndex } from './indexed-dataset.js';
import { openFolder } from './layouts/directory.js';
import { ClassNames } from './layouts/labels/class-names.js';
import { readLabelFile } from './layouts/labels/label-file.js';
import type { Labelled } from './layouts/labels/labelled.js';
import { count, list, withoutTar } from './layouts/names.js';
import { type Layout, readLayout } from './layouts/read-layout.js';
import { type IndexSource, Survey } from './layouts/survey.js';

/** Images that are looked at to tell grey from colour. */
const LOOKS = 10;
/** Smaller datasets are read again at each start, in under a second. */
const CACHED_FROM = 20_000;
/** Within this time a second change may leave a directory's modification time unchanged. */
const SETTLED_MS = 2000;

/**
 * The index of the dataset in a directory or tar file: of a large one from the cache, as long as no
 * directory and no tar file of it changed. Throws a DataError that names the path and the first problem.
 */
export async function openIndex(
  root: string,
  onProgress: (text: string) => void = () => {},
  name = nameOf(root),
  labels: string | null = null,
): Promise<DatasetIndex> {
  return completeIndex(await lookFor(root, onProgress, name, labels));
}

/** The index of a dataset that can be trained on; throws a DataError with the first problem. */
function completeIndex({ root, index, problems }: Found): DatasetIndex {
  const [first, ...more] = problems;
  if (first === undefined && index?.channels !== undefined) {
    return { ...index, channels: index.channels };
  }
  const others =
    more.length === 0
      ? ''
      : ` There ${more.length === 1 ? 'is 1 more problem' : `are ${more.length} more problems`}: cnn data check ${printable(root)} lists all.`;
  throw new DataError(`${first}${others}`);
}

/**
 * Looks for a dataset in a directory or tar file and collects all that is wrong with it; nothing is
 * where its index is in the cache. `labels` is a file that lists its images and their classes.
 */
export async function lookFor(
  root: string,
  onProgress: (text: string) => void = () => {},
  name = nameOf(root),
  labels: string | null = null,
): Promise<Found> {
  const cached = labels === null ? await loadIndex(root) : undefined;
  if (cached !== undefined) {
    const { warnings } = cached;
    return { root, index: { ...cached, name }, warnings, problems: [], emptyFolders: [] };
  }
  const started = Date.now();
  const survey = new Survey((images) =>
    onProgress(`Indexing ${printable(root)}: ${count(images, 'image')}`),
  );
  const layout = await survey.attempt(() =>
    labels === null
      ? readLayout(openFolder(root, survey), survey)
      : readLabelFile(absolutePath(labels), root, survey),
  );
  const index = layout && (await makeIndex(root, name, layout, survey));
  const { problems, emptyFolders } = survey;
  const warnings = index?.warnings ?? survey.notes;
  const found = { root, index, warnings, problems, emptyFolders };
  if (index?.channels === undefined || problems.length > 0) return found;
  const images = index.train.images.length + (index.val?.images.length ?? 0);
  const sources = [...survey.sources.values()];
  const isCopied = [index.train, index.val].some((part) => {
    return part?.images.columns.places.some(({ unpacked }) => unpacked !== undefined);
  });
  // An index cannot tell whether the copies are still there, nor is it one of what a file lists.
  if (
    isCopied ||
    labels !== null ||
    images < CACHED_FROM ||
    !sources.every((source) => isSettled(source, started))
  )
    return found;
  const problem = await saveIndex({ ...index, channels: index.channels }, sources);
  if (problem === undefined) return found;
  return { ...found, index: { ...index, warnings: [...warnings, problem] } };
}

function nameOf(root: string): string {
  return printable(withoutTar(basename(root)));
}

function isSettled({ modified }: IndexSource, now: number): boolean {
  return Number(BigInt(modified) / 1_000_000n) < now - SETTLED_MS;
}

/** Undefined where there are no training images. */
async function makeIndex(
  root: string,
  name: string,
  layout: Layout,
  survey: Survey,
): Promise<FoundIndex | undefined> {
  const { train, words, noVal } = layout;
  if (train === undefined || train.images.length === 0) return undefined;
  const { classes } = train;
  const names = new ClassNames(classes);
  const inVal = new Set(layout.val?.labels);
  const strangers =
    layout.val?.classes.filter((folder, label) => inVal.has(label) && names.indexOf(folder) < 0) ??
    [];
  const val = layout.val && renumber(layout.val, [...classes, ...strangers]);
  const channels = await survey.attempt(() => channelsOf(train.images));
  return {
    ...{ name, root, layout: layout.name, classes, words, train, val, noVal, strangers },
    channels,
    fingerprint: fingerprint(root, classes, val === undefined ? [train] : [train, val]),
    warnings: [...survey.notes, ...warningsOf(train, val)],
  };
}

/** The part with labels that count the classes of another list. */
function renumber(part: Labelled, classes: readonly string[]): Labelled {
  const indices = new Map(classes.map((name, index) => [nameKey(name), index]));
  const table = part.classes.map((name) => indices.get(nameKey(name)) ?? -1);
  return { ...part, labels: part.labels.map((label) => table[label] as number) };
}

function warningsOf(train: Labelled, val: Labelled | undefined): string[] {
  const { classes } = train;
  const warnings: string[] = [];
  const empty = [train, val].flatMap((part) => (part === undefined ? [] : emptyFiles(part)));
  if (empty.length > 0) {
    const are = empty.length === 1 ? 'is' : 'are';
    warnings.push(`${count(empty.length, 'image')} ${are} empty or missing: ${list(empty)}.`);
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
      hash.update(
        `${relative(printable(root), images.name(index))} ${size < 0 ? 'missing' : size}\n`,
      );
    }
    if (kind !== 'class folders') hash.update(labels);
  }
  return hash.digest('hex');
}
