import { createObjectCsvStringifier } from 'csv-writer/dist/index.js';
import type { DatasetIndex } from './dataset-index.js';
import { passOver } from './picture-pass.js';
import type { Reading } from './reading.js';
import type { ChunkFailures } from './verify-worker.js';

/** A picture that cannot be read. */
export interface BadPicture {
  readonly picture: string;
  readonly part: 'train' | 'val';
  readonly class: string;
  readonly reason: string;
}

export interface Verified {
  readonly pictures: number;
  /** In the order of the data set. */
  readonly bad: readonly BadPicture[];
}

/** How many pictures both parts of a data set have. */
export function countPictures({ train, val }: Pick<DatasetIndex, 'train' | 'val'>): number {
  return train.pictures.length + (val?.pictures.length ?? 0);
}

/** Decodes every picture of a data set on so many threads. */
export async function verifyPictures(
  index: DatasetIndex,
  reading: Reading,
  workers: number,
  onProgress: (pictures: number) => void,
): Promise<Verified> {
  const classes = [...index.classes, ...index.strangers];
  const bad: BadPicture[] = [];
  let before = 0;
  for (const part of ['train', 'val'] as const) {
    const split = index[part];
    if (split === undefined) continue;
    const { pictures, labels } = split;
    const pass = passOver<ChunkFailures>(pictures, 'verify-worker', workers, reading);
    for await (const { first, count, result } of pass) {
      for (const [at, reason] of result) {
        const name = classes[labels[first + at] as number] as string;
        bad.push({ picture: pictures.name(first + at), part, class: name, reason });
      }
      onProgress(before + first + count);
    }
    before += pictures.length;
  }
  return { pictures: before, bad };
}

/** A table of bad pictures with a header, which is all of it where there are none. */
export function badPicturesCsv(bad: readonly BadPicture[]): string {
  const columns = ['picture', 'part', 'class', 'reason'];
  const csv = createObjectCsvStringifier({ header: columns.map((id) => ({ id, title: id })) });
  const rows = bad.length === 0 ? '' : csv.stringifyRecords(bad);
  return `${csv.getHeaderString()}${rows}`;
}
