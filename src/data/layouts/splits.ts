/**
 * The parts of a dataset by the names of folders and tar files, whatever their case: `train`,
 * `Training`, `TRAIN_SET`, `seg_train`, `ILSVRC2012_img_train` and, in the order in which they are
 * taken, `val`, `valid`, `validation`, `dev`, `eval`, `test` and their like.
 */
import { byCodeUnit } from './names.js';

export type Part = 'train' | 'val';

// biome-ignore format: a table
const WORDS: Readonly<Record<Part, readonly string[]>> = {
  train: ['train', 'training', 'trn', 'trainval'],
  val: [
    'val', 'valid', 'validation', 'validate', 'vali', 'vld',
    'dev', 'devel', 'development', 'eval', 'evaluation', 'evaluate', 'holdout',
    'test', 'testing', 'tst', 'tests',
  ],
};
/** What stands beside those words and says nothing. */
const NOISE =
  /^(sets?|data|datasets?|images?|imgs?|pictures|photos|samples|files|folder|split|part|public|the|ilsvrc\d*|imagenet|jpe?gs?|pngs?)$/;
const SUFFIX = /(sets?|data|images?|imgs?)$/;

interface Named<T> {
  readonly item: T;
  readonly part: Part;
  /** Place of its word among those of the part. */
  readonly rank: number;
  /** What else its name says: `seg` of `seg_train`. */
  readonly rest: string;
}

/** The parts among folders. */
export interface Splits<T> {
  readonly train?: T | undefined;
  readonly val?: T | undefined;
  /** Folders of the same part as one that was taken, which are left out. */
  readonly doubles: readonly T[];
  /** Folders that are parts by their names, of which none can be preferred. */
  readonly unclear: readonly T[];
}

/**
 * Finds the training and the validation part. A name that says more than its part, such as
 * `flowers_train`, counts only beside its counterpart, here `flowers_test`.
 */
export function findSplits<T extends { readonly name: string }>(items: readonly T[]): Splits<T> {
  const named = items.flatMap((item) => readName(item));
  const plain = named.filter(({ rest }) => rest === '');
  if (has(plain, 'train') && has(plain, 'val')) return choose(plain, named);
  const rests = [...new Set(named.map(({ rest }) => rest))];
  const pairs = rests
    .map((rest) => named.filter((other) => other.rest === rest))
    .filter((group) => has(group, 'train') && has(group, 'val'));
  const [pair] = pairs;
  const trainParts = named.filter(({ part }) => part === 'train');
  if (pair !== undefined && trainParts.length === 1) return choose(pair, pair);
  const allNamed = named.length === items.length && has(named, 'train') && has(named, 'val');
  // `seg_train` and `test`: one of each, and one of them says its part alone.
  if (allNamed && named.length === 2 && plain.length === 1) return choose(named, named);
  if (pairs.length > 0 || (allNamed && plain.length > 0)) {
    return { doubles: [], unclear: named.map(({ item }) => item) };
  }
  return choose(plain, plain);
}

/**
 * The part that a shard belongs to by its name, `imagenet-val-000`; the last such word counts, and one
 * without is of the training part.
 */
export function partOfShard(name: string): Part | 'test' {
  return partNamed(name) ?? 'train';
}

/** The same; undefined for a name that says no part. */
export function partNamed(name: string): Part | 'test' | undefined {
  const word = tokensOf(name)
    .map(wordIn)
    .findLast((found) => found !== undefined);
  return word?.part === 'val' && isTest(word.rank) ? 'test' : word?.part;
}

/** Whether a name is no class by itself: `images`, `data`, `train`. */
export function saysNothing(name: string): boolean {
  return tokensOf(name).every((token) => NOISE.test(token) || wordIn(token) !== undefined);
}

function has<T>(named: readonly Named<T>[], part: Part): boolean {
  return named.some((other) => other.part === part);
}

/** The best of `named`; doubles are those of `all`. */
function choose<T extends { readonly name: string }>(
  named: readonly Named<T>[],
  all: readonly Named<T>[],
): Splits<T> {
  const sorted = named.toSorted((a, b) => a.rank - b.rank || byCodeUnit(b.item.name, a.item.name));
  const [train] = sorted.filter(({ part }) => part === 'train');
  const [val, ...moreVal] = sorted.filter(({ part }) => part === 'val');
  const doubles = [
    ...all.filter(({ item, part }) => part === 'train' && item !== train?.item),
    // A test set beside a validation set is as it should be.
    ...moreVal.filter(({ rank }) => isTest(rank) === isTest(val?.rank ?? 0)),
  ];
  return {
    train: train?.item,
    val: val?.item,
    doubles: doubles.map(({ item }) => item),
    unclear: [],
  };
}

function isTest(rank: number): boolean {
  return rank >= WORDS.val.indexOf('test');
}

function readName<T extends { readonly name: string }>(item: T): Named<T>[] {
  const tokens = tokensOf(item.name);
  const words = tokens.map(wordIn);
  const found = words.filter((word) => word !== undefined);
  const [first] = found;
  // `train_val` is a training part that holds the validation images too.
  const word = new Set(found.map(({ part }) => part)).size === 2 ? TRAIN_AND_VAL : first;
  if (word === undefined) return [];
  const rest = tokens.filter((token, at) => words[at] === undefined && !NOISE.test(token));
  return [{ item, ...word, rest: rest.join(' ') }];
}

const TRAIN_AND_VAL = { part: 'train', rank: WORDS.train.indexOf('trainval') } as const;

/** `trainSet`, `train_set`, `Train Set` → `train`, `set`; numbers are tokens too. */
function tokensOf(name: string): string[] {
  return name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+|(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})/u)
    .filter((token) => token !== '');
}

function wordIn(token: string): { readonly part: Part; readonly rank: number } | undefined {
  for (const part of ['train', 'val'] as const) {
    for (const text of [token, token.replace(SUFFIX, '')]) {
      const rank = WORDS[part].indexOf(text);
      if (rank >= 0) return { part, rank };
    }
  }
  return undefined;
}
