import { counted } from '../counted.js';
import { printable } from '../system/file-names.js';
import type { Found, FoundIndex, IndexedSplit } from './indexed-dataset.js';
import { IMAGENET_WORDS } from './layouts/labels/imagenet-words.js';
import { list } from './layouts/names.js';
import { strangersProblem } from './selection.js';

/** What a check reports of one part of a dataset. */
export interface PartReport {
  readonly path: string;
  readonly images: number;
  readonly classes: number;
  /** The classes with the fewest and the most images. */
  readonly smallest: ClassSize;
  readonly largest: ClassSize;
}

interface ClassSize {
  readonly class: string;
  readonly images: number;
}

export interface CheckReport {
  readonly data: string;
  readonly root: string;
  /** Null, like all that is null below, where the problems kept it from being found. */
  readonly layout: string | null;
  readonly classes: readonly { readonly name: string; readonly words: string }[];
  readonly train: PartReport | null;
  readonly val: PartReport | null;
  readonly channels: 1 | 3 | null;
  readonly fingerprint: string | null;
  /** Things that are odd but do no harm. */
  readonly warnings: readonly string[];
  /** What has to be fixed before a network can be trained on it. */
  readonly problems: readonly string[];
  /** Paths of class folders without images. */
  readonly emptyFolders: readonly string[];
}

/** Classes whose sizes differ by more than that factor are worth a warning. */
const UNEVEN = 20;
/** ILSVRC 2012 as it is distributed. */
const ILSVRC = { train: 1_281_167, val: 50_000 } as const;

/** All findings about a dataset; reads no image. */
export function checkDataset(data: string, found: Found): CheckReport {
  const { index, warnings, problems, emptyFolders } = found;
  const root = printable(found.root);
  if (index === undefined) {
    return { ...NOTHING, data, root, warnings, problems, emptyFolders };
  }
  const { layout, classes, words, strangers, channels, fingerprint, val, noVal } = index;
  const train = reportPart(index.train, classes);
  const all = [...classes, ...strangers];
  const lacksVal = val === undefined && !problems.includes(noVal);
  return {
    data,
    root,
    layout,
    classes: classes.map((name, label) => ({ name, words: words[label] ?? '' })),
    train,
    val: val === undefined ? null : reportPart(val, all),
    channels: channels ?? null,
    fingerprint,
    warnings: [
      ...index.warnings,
      ...(lacksVal ? [noVal] : []),
      ...similarNames(classes),
      ...unevenClasses(train),
      ...ilsvrcCounts(index),
    ],
    problems: [...problems, ...(strangers.length === 0 ? [] : [strangersProblem(index)])],
    emptyFolders,
  };
}

const NOTHING = {
  layout: null,
  classes: [],
  train: null,
  val: null,
  channels: null,
  fingerprint: null,
} as const;

function reportPart({ path, labels }: IndexedSplit, classes: readonly string[]): PartReport {
  const sizes = new Int32Array(classes.length);
  for (const label of labels) sizes[label] = (sizes[label] as number) + 1;
  const present = classes
    .map((name, label) => ({ class: name, images: sizes[label] as number }))
    .filter(({ images }) => images > 0)
    .sort((a, b) => a.images - b.images);
  return {
    path,
    images: labels.length,
    classes: present.length,
    smallest: present[0] as ClassSize,
    largest: present.at(-1) as ClassSize,
  };
}

/** Classes whose names differ only in case, spaces, hyphens or underscores. */
function similarNames(classes: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const name of classes) {
    const key = name.toLowerCase().replace(/[\s_-]+/g, '');
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  const similar = [...groups.values()].filter((group) => group.length > 1);
  return similar.map((group) => `The classes ${list(group)} may be meant as one.`);
}

function unevenClasses({ smallest, largest }: PartReport): string[] {
  if (largest.images <= UNEVEN * smallest.images) return [];
  return [
    `The training classes are uneven: ${counted(largest.images, 'image')} of ${largest.class} and ${smallest.images} of ${smallest.class}.`,
  ];
}

/** What a copy of ILSVRC 2012 lacks, by its 1000 classes. */
function ilsvrcCounts({ classes, train, val }: FoundIndex): string[] {
  const whole =
    classes.length === IMAGENET_WORDS.size && classes.every((name) => IMAGENET_WORDS.has(name));
  if (!whole) return [];
  const parts = [
    { name: 'training', found: train.labels.length, expected: ILSVRC.train },
    { name: 'validation', found: val?.labels.length ?? ILSVRC.val, expected: ILSVRC.val },
  ];
  return parts
    .filter(({ found, expected }) => found !== expected)
    .map(
      ({ name, found, expected }) =>
        `ILSVRC 2012 has ${expected.toLocaleString('en')} ${name} images but ${found.toLocaleString('en')} are here.`,
    );
}
