/** Choices among the images of a dataset: all depend on the seed and the data alone. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { didYouMean } from '../did-you-mean.js';
import { DataError, UsageError } from '../errors.js';
import { random } from '../rng.js';
import { nameKey, printable } from '../system/file-names.js';
import { systemReason } from '../system/system-errors.js';
import { decodeText, linesOf } from '../system/text.js';
import type { Dataset, ImageList, Split } from './dataset.js';
import type { DatasetIndex, IndexedSplit } from './indexed-dataset.js';
import { count, list } from './layouts/names.js';

/** The part of a dataset that is used; null: all of it. */
export interface Selection {
  /** A file that lists the images and their classes, in place of what their folders say. */
  readonly labels?: string | null;
  /** `a,b,c`, or a file with a class on each line, or the names themselves. */
  readonly classes?: string | readonly string[] | null;
  /** Of the training images: a share (`0.1`), a number of each class (`50/class`) or a file of names. */
  readonly subset?: string | null;
  /** The share of the training images of each class that becomes the validation set. */
  readonly valFraction?: number | null;
  readonly seed?: number;
}

/** What the draws of a class are for. */
const DRAWS = { validation: 0, subset: 1 } as const;

/** Images of a part by their ascending indices. */
interface Part {
  readonly split: IndexedSplit;
  readonly indices: Int32Array;
}

/**
 * Applies a selection: validation images are drawn first, then classes are chosen, then training
 * images are drawn, so that no choice changes what another picks within a class. Throws a
 * UsageError if the selection does not fit the data, a DataError if it leaves nothing to validate on.
 */
export function select(
  index: DatasetIndex,
  { classes = null, subset = null, valFraction = null, seed = 0 }: Selection,
): Omit<Dataset, 'name' | 'root' | 'layout' | 'channels' | 'warnings'> {
  const chosen = classes === null ? undefined : chooseClasses(index, classes);
  const { train, val } = splitParts(index, valFraction, seed);
  if (chosen === undefined && subset === null && valFraction === null) {
    checkStrangers(index);
    const { classes: names, words, fingerprint } = index;
    const evaluation = evaluationPrint(index, names, val);
    return { classes: names, words, train: train.split, val: val.split, fingerprint, evaluation };
  }
  const kept = chosen ?? index.classes.map((_, label) => label);
  if (chosen === undefined) checkStrangers(index);
  const trainKept = ofClasses(train, kept);
  const trained = subset === null ? trainKept : drawSubset(index, trainKept, subset, seed);
  const validated = ofClasses(val, kept);
  const names = kept.map((label) => index.classes[label] as string);
  const hash = createHash('sha256').update(`${index.fingerprint}\n${names.join('\n')}\n`);
  return {
    classes: names,
    words: kept.map((label) => index.words[label] as string),
    train: splitOf(trained, kept),
    val: splitOf(validated, kept),
    fingerprint: hash.update(trained.indices).update(validated.indices).digest('hex'),
    evaluation: evaluationPrint(index, names, validated),
  };
}

function evaluationPrint(index: DatasetIndex, names: readonly string[], { indices }: Part): string {
  const hash = createHash('sha256').update(`${index.fingerprint}\n${names.join('\n')}\n`);
  return hash.update(indices).digest('hex');
}

/** The labels of the classes that are asked for, ascending. */
function chooseClasses(index: DatasetIndex, asked: string | readonly string[]): number[] {
  const names = typeof asked === 'string' ? namesIn(asked) : asked;
  const labels = [...new Set(names.map((name) => labelOf(index, name)))].sort((a, b) => a - b);
  if (labels.length >= 2) return labels;
  throw new UsageError(
    `Expected --classes to name at least two classes of ${index.root} but received ${list(names)}.`,
  );
}

/** A list with commas, or the lines of a file. */
function namesIn(text: string): string[] {
  const names = !text.includes(',') && isFile(text) ? linesOfFile(text) : text.split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

/** A class by its name, or by one of the words that people call it if only one class has it. */
function labelOf({ root, classes, words }: DatasetIndex, name: string): number {
  const key = nameKey(name);
  const label = classes.findIndex((known) => nameKey(known) === key);
  if (label >= 0) return label;
  const called = words.flatMap((text, at) => (nameKey(text).split(', ').includes(key) ? [at] : []));
  if (called.length === 1) return called[0] as number;
  const several = list(called.map((at) => classes[at] as string));
  const reason =
    called.length > 1
      ? `: ${several} are called so`
      : `.${didYouMean(name, [...classes, ...words.flatMap((text) => text.split(', '))])}`;
  throw new UsageError(`--classes names "${name}", which is no one class of ${root}${reason}`);
}

function splitParts(index: DatasetIndex, valFraction: number | null, seed: number) {
  const { train, val } = index;
  if (valFraction === null) {
    if (val === undefined) throw new DataError(index.noVal);
    return { train: allOf(train), val: allOf(val) };
  }
  if (val !== undefined) {
    throw new UsageError(
      `${index.root} has validation images of its own in ${val.path}: --val-fraction is for data without.`,
    );
  }
  const validation = drawEach(allOf(train), DRAWS.validation, seed, (size) => {
    // A class with two or more images keeps at least one in each part.
    return Math.max(size > 1 ? 1 : 0, Math.min(size - 1, Math.round(size * valFraction)));
  });
  const drawn = new Set(validation);
  const rest = allOf(train).indices.filter((at) => !drawn.has(at));
  return { train: { split: train, indices: rest }, val: { split: train, indices: validation } };
}

function checkStrangers(index: DatasetIndex): void {
  if (index.strangers.length > 0) throw new DataError(strangersProblem(index));
}

/** The message about validation classes that the training part lacks. */
export function strangersProblem({
  strangers,
  classes,
  train,
  val,
}: Pick<DatasetIndex, 'strangers' | 'classes' | 'train' | 'val'>): string {
  const [first = ''] = strangers;
  const others = strangers.length === 1 ? '' : `, nor are ${strangers.length - 1} others`;
  return `The class "${first}" in ${val?.path} is not in ${train.path}${others}.${didYouMean(first, classes)} Every validation class needs training images; --classes takes some of the classes alone.`;
}

function drawSubset(index: DatasetIndex, part: Part, subset: string, seed: number): Part {
  const { split } = part;
  const share = Number(subset);
  const [, perClass] = /^(\d+)\/class$/.exec(subset) ?? [];
  if (perClass !== undefined && Number(perClass) > 0) {
    const most = Number(perClass);
    return { split, indices: drawEach(part, DRAWS.subset, seed, (size) => Math.min(size, most)) };
  }
  if (share > 0 && share <= 1) {
    const indices = drawEach(part, DRAWS.subset, seed, (size) =>
      Math.max(1, Math.round(size * share)),
    );
    return { split, indices };
  }
  if (isFile(subset)) return { split, indices: listed(index, part, subset) };
  throw new UsageError(
    `Expected --subset to be a share above 0 up to 1, a number of each class such as 50/class, or a file with names of images but received "${subset}".`,
  );
}

/** The images whose names a file lists, below the root: `train/cat/1.jpg`. */
function listed(index: DatasetIndex, { split, indices }: Part, file: string): Int32Array {
  const wanted = new Set(linesOfFile(file).map((line) => nameKey(line.replace(/^\.\//, ''))));
  const found = indices.filter((at) => {
    return wanted.delete(nameKey(nameBelow(index.root, split.images, at)));
  });
  if (wanted.size === 0 && found.length > 0) return found;
  throw new UsageError(
    `${file} lists ${count(wanted.size, 'image')} that are not among the training images chosen from ${index.root}: ${list([...wanted])}. Expected names such as ${nameBelow(index.root, split.images, 0)}, one on each line.`,
  );
}

/** The name of an image below the root of its dataset, as `--subset FILE` takes it. */
export function nameBelow(root: string, images: ImageList, index: number): string {
  const name = images.name(index);
  const prefix = printable(root);
  // A file of labels may list images that are elsewhere.
  return name.startsWith(prefix) ? name.slice(prefix.length + 1) : name;
}

/** Draws from each class without replacement; `howMany` maps a class's size to the number drawn. */
function drawEach(
  { split, indices }: Part,
  purpose: number,
  seed: number,
  howMany: (size: number) => number,
): Int32Array {
  const members = new Map<number, number[]>();
  for (const at of indices) {
    const label = split.labels[at] as number;
    const known = members.get(label);
    if (known === undefined) members.set(label, [at]);
    else known.push(at);
  }
  const drawn: number[] = [];
  for (const [label, images] of members) {
    const draw = random(seed, 'subset', label, purpose);
    const many = howMany(images.length);
    for (let turn = 0; turn < many; turn++) {
      const other = turn + draw.below(images.length - turn);
      const image = images[other] as number;
      images[other] = images[turn] as number;
      drawn.push(image);
    }
  }
  return Int32Array.from(drawn).sort();
}

function allOf(split: IndexedSplit): Part {
  return { split, indices: Int32Array.from(split.labels.keys()) };
}

function ofClasses({ split, indices }: Part, labels: readonly number[]): Part {
  const kept = new Set(labels);
  return { split, indices: indices.filter((at) => kept.has(split.labels[at] as number)) };
}

function splitOf({ split, indices }: Part, labels: readonly number[]): Split {
  const renumbered = new Map(labels.map((label, at) => [label, at]));
  const at = (position: number) => {
    const index = indices[position];
    if (index !== undefined) return index;
    throw new RangeError(`No image ${position} in a list of ${indices.length}`);
  };
  return {
    images: {
      length: indices.length,
      name: (position) => split.images.name(at(position)),
      locate: (position) => split.images.locate(at(position)),
    },
    labels: indices.map((index) => renumbered.get(split.labels[index] as number) as number),
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function linesOfFile(file: string): string[] {
  try {
    return linesOf(decodeText(readFileSync(file)));
  } catch (cause) {
    throw new UsageError(`Cannot read ${file}: ${systemReason(cause)}.`, { cause });
  }
}
