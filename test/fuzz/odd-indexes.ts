/** Kept indexes whose checksum, columns and sources fit each other, of images that none should name. */
import { statSync } from 'node:fs';
import fc from 'fast-check';
import { type ImageColumns, ImageTable, type Place } from '../../src/data/image-table.js';
import type { DatasetIndex, IndexedSplit } from '../../src/data/indexed-dataset.js';
import type { IndexSource } from '../../src/data/layouts/survey.js';

const NAMES = ['..', '.', '/', '../1.png', 'b/2.png', '/etc/passwd', 'a\0b', '\xff', '1.png', ''];
const FOLDERS = [
  '',
  '/..',
  '/train',
  '/train/..',
  '/train/../..',
  '/../set/train',
  '/val/a',
  '/no',
];
/** What is added to where a name begins or ends, or put in place of a number. */
const STARTS = [-1, 1, 2, 7, 2 ** 32 - 1];
const NUMBERS = [-1, -2, 0.5, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY];

export interface OddIndex {
  readonly index: DatasetIndex;
  readonly sources: readonly IndexSource[];
}

/** The index with one to three odd things; every place is among the sources, as it is on the disk. */
export function oddIndex(index: DatasetIndex): fc.Arbitrary<OddIndex> {
  const { root, train } = index;
  const columns = train.images.columns;
  const change: fc.Arbitrary<Partial<ImageColumns>> = fc.oneof(
    fc.array(fc.constantFrom(...NAMES), { minLength: 2, maxLength: 2 }).map(named),
    fc.array(fc.constantFrom(...FOLDERS), { minLength: 2, maxLength: 2 }).map((folders) => {
      return { places: folders.map((folder): Place => ({ path: root + folder })) };
    }),
    fc.constant({ places: columns.places.map((place) => ({ ...place, inside: '' })) }),
    changed(columns.nameStarts, STARTS).map((nameStarts) => ({ nameStarts })),
    changed(columns.placeOf, STARTS).map((placeOf) => ({ placeOf })),
    changed(columns.sizes, NUMBERS).map((sizes) => ({ sizes })),
    changed(Float64Array.of(0, 9), NUMBERS).map((offsets) => ({ offsets })),
  );
  const labels = fc.oneof(fc.constant(train.labels), changed(train.labels, STARTS));
  return fc
    .tuple(fc.array(change, { minLength: 1, maxLength: 3 }), labels)
    .map(([changes, numbers]) => {
      const images = new ImageTable(Object.assign({ ...columns }, ...changes));
      const odd: IndexedSplit = { ...train, images, labels: numbers };
      const places = [...images.columns.places, ...(index.val?.images.columns.places ?? [])];
      return {
        index: { ...index, train: odd },
        sources: sourcesOf([root, ...places.map(({ path }) => path)]),
      };
    });
}

export function sourcesOf(paths: readonly string[]): IndexSource[] {
  return [...new Set(paths)].map((path) => {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return { path, modified: String(stats?.mtimeNs) };
  });
}

function named(names: readonly string[]): Pick<ImageColumns, 'names' | 'nameStarts'> {
  const bytes = names.map((name) => Buffer.from(name, 'latin1'));
  const ends = bytes.map((_, index) => Buffer.concat(bytes.slice(0, index + 1)).length);
  return { names: Buffer.concat(bytes), nameStarts: Uint32Array.of(0, ...ends) };
}

/** A column with one of its numbers moved or replaced. */
function changed<T extends Float64Array | Uint32Array | Int32Array>(
  column: T,
  values: readonly number[],
): fc.Arbitrary<T> {
  return fc
    .record({
      at: fc.nat(column.length - 1),
      value: fc.constantFrom(...values),
      moved: fc.boolean(),
    })
    .map(({ at, value, moved }) => {
      const copy = column.slice() as T;
      copy[at] = moved ? (column[at] as number) + value : value;
      return copy;
    });
}
