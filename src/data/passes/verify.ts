import { createObjectCsvStringifier } from 'csv-writer/dist/index.js';
import { printable } from '../../system/file-names.js';
import type { DecodeOptions } from '../decode/decode-options.js';
import type { DatasetIndex } from '../indexed-dataset.js';
import { passOver } from './image-pass.js';
import { damagedRecords } from './verify-records.js';
import type { ChunkFailures } from './verify-worker.js';

const WORKER = new URL('./verify-worker.js', import.meta.url);

const UNSOUND = 'its TFRecord does not fit its checksum';

/** An image that cannot be read. */
export interface BadImage {
  readonly image: string;
  readonly part: 'train' | 'val';
  readonly class: string;
  readonly reason: string;
}

export interface Verified {
  readonly images: number;
  /** In the order of the dataset. */
  readonly bad: readonly BadImage[];
}

/** How many images both parts of a dataset have. */
export function countImages({ train, val }: Pick<DatasetIndex, 'train' | 'val'>): number {
  return train.images.length + (val?.images.length ?? 0);
}

/** Decodes every image of a dataset on `workers` threads. */
export async function verifyImages(
  index: DatasetIndex,
  reading: DecodeOptions,
  workers: number,
  onProgress: (images: number) => void,
): Promise<Verified> {
  const classes = [...index.classes, ...index.strangers];
  const bad: BadImage[] = [];
  let before = 0;
  for (const part of ['train', 'val'] as const) {
    const split = index[part];
    if (split === undefined) continue;
    const { images, labels } = split;
    const damaged = await damagedRecords(index, split);
    const pass = passOver<ChunkFailures>(images, WORKER, workers, reading);
    for await (const { first, count, result } of pass) {
      const reasons = new Map(result);
      for (let at = 0; at < count; at++) {
        const image = images.name(first + at);
        const reason = reasons.get(at) ?? (damaged.has(image) ? UNSOUND : undefined);
        if (reason === undefined) continue;
        const name = classes[labels[first + at] as number] as string;
        bad.push({ image, part, class: name, reason });
      }
      onProgress(before + first + count);
    }
    before += images.length;
  }
  return { images: before, bad };
}

/** A CSV of bad images; only the header where there are none. */
export function badImagesCsv(bad: readonly BadImage[]): string {
  const columns = ['image', 'part', 'class', 'reason'];
  const csv = createObjectCsvStringifier({ header: columns.map((id) => ({ id, title: id })) });
  // What decoders say may quote the file, and a terminal obeys control characters.
  const shown = bad.map((image) => ({ ...image, reason: printable(image.reason) }));
  const rows = bad.length === 0 ? '' : csv.stringifyRecords(shown);
  return `${csv.getHeaderString()}${rows}`;
}
