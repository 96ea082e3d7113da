/** Finds images that are in the training part and, as they are or nearly so, in the validation part. */
import { createObjectCsvStringifier } from 'csv-writer/dist/index.js';
import type { Split } from '../dataset.js';
import type { DecodeOptions } from '../decode/decode-options.js';
import type { DatasetIndex, IndexedSplit } from '../indexed-dataset.js';
import type { ChunkPrints, Print } from './duplicates-worker.js';
import { passOver } from './image-pass.js';
import { type Likeness, lookAlike } from './likeness.js';

const WORKER = new URL('./duplicates-worker.js', import.meta.url);

/** Of hashes that differ in fewer bits at least one byte is the same. */
const HASH_BYTES = 8;
/** Training images that are named of one validation image. */
const MOST_PAIRS = 10;

/** Two images that are the same, or nearly so. */
export interface Duplicate {
  readonly kind: 'exact' | 'near';
  /** The number of each in its part. */
  readonly train: number;
  readonly val: number;
}

/** The pairs, those of the same pixels first, in the order of the validation part; `onProgress` is told of images that are done. */
export async function findDuplicates(
  train: Split,
  val: Split,
  { reading, workers }: { readonly reading: DecodeOptions; readonly workers: number },
  onProgress: (images: number) => void,
): Promise<Duplicate[]> {
  const held = new Prints();
  for await (const [image, print] of printsOf(val, workers, reading)) {
    if (print !== undefined) held.add(image, print);
    onProgress(image + 1);
  }
  const found: Duplicate[] = [];
  for await (const [image, print] of printsOf(train, workers, reading)) {
    if (print !== undefined) found.push(...held.like(image, print));
    onProgress(val.images.length + image + 1);
  }
  const isNear = ({ kind }: Duplicate) => Number(kind === 'near');
  return found.sort((a, b) => isNear(a) - isNear(b) || a.val - b.val || a.train - b.train);
}

async function* printsOf(
  { images }: Split,
  workers: number,
  reading: DecodeOptions,
): AsyncGenerator<[image: number, print: Print | undefined]> {
  for await (const { first, result } of passOver<ChunkPrints>(images, WORKER, workers, reading)) {
    for (const [at, print] of result.entries()) yield [first + at, print];
  }
}

/** What validation images are known by. */
class Prints {
  readonly #byContent = new Map<string, number[]>();
  /** By each byte of their hashes. */
  readonly #byByte = Array.from({ length: HASH_BYTES }, () => new Map<number, number[]>());
  readonly #likenesses: Likeness[] = [];
  /** How many pairs a validation image has. */
  readonly #pairs = new Map<number, number>();

  add(image: number, { content, likeness }: Print): void {
    insert(this.#byContent, content, image);
    this.#likenesses[image] = likeness;
    for (const [at, byte] of bytesOf(likeness).entries()) {
      insert(this.#byByte[at] as Map<number, number[]>, byte, image);
    }
  }

  /** The pairs of a training image. */
  like(train: number, { content, likeness }: Print): Duplicate[] {
    const exact = new Set(this.#byContent.get(content));
    const all = new Set(exact);
    for (const [at, byte] of bytesOf(likeness).entries()) {
      for (const val of this.#byByte[at]?.get(byte) ?? []) {
        if (lookAlike(this.#likenesses[val] as Likeness, likeness)) all.add(val);
      }
    }
    return [...all].flatMap((val): Duplicate[] => {
      const pairs = (this.#pairs.get(val) ?? 0) + 1;
      this.#pairs.set(val, pairs);
      if (pairs > MOST_PAIRS && !exact.has(val)) return [];
      return [{ kind: exact.has(val) ? 'exact' : 'near', train, val }];
    });
  }
}

function insert<K>(map: Map<K, number[]>, key: K, image: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [image]);
  else known.push(image);
}

function bytesOf({ hash }: Likeness): number[] {
  return hash.flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff));
}

/** A CSV of pairs; only the header where there are none. */
export function duplicatesCsv(
  { classes, strangers }: Pick<DatasetIndex, 'classes' | 'strangers'>,
  train: IndexedSplit,
  val: IndexedSplit,
  pairs: readonly Duplicate[],
): string {
  const columns = ['kind', 'train', 'train_class', 'val', 'val_class'];
  const csv = createObjectCsvStringifier({ header: columns.map((id) => ({ id, title: id })) });
  const names = [...classes, ...strangers];
  const classOf = ({ labels }: IndexedSplit, image: number) => names[labels[image] as number];
  const rows = pairs.map((pair) => ({
    kind: pair.kind,
    train: train.images.name(pair.train),
    train_class: classOf(train, pair.train),
    val: val.images.name(pair.val),
    val_class: classOf(val, pair.val),
  }));
  return `${csv.getHeaderString()}${rows.length === 0 ? '' : csv.stringifyRecords(rows)}`;
}
