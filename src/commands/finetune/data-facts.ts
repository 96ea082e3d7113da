/** What a fine-tuning has to know of its data before it chooses anything. */
import type { Dataset } from '../../data/dataset.js';
import { readImage } from '../../data/decode/decode.js';
import type { DatasetIndex } from '../../data/indexed-dataset.js';
import { list } from '../../data/layouts/names.js';
import { select } from '../../data/selection.js';
import { DataError } from '../../errors.js';
import { median } from '../../median.js';
import type { Reporter } from '../../session/reporter.js';
import type { Settings } from '../../settings/types.js';
import { printable } from '../../system/file-names.js';
import { warnOfDuplicates } from './split-duplicates.js';

export interface DataFacts {
  readonly training: number;
  readonly validation: number;
  readonly classes: number;
  /** The median of the short sides, in pixels. */
  readonly side: number;
  readonly channels: 1 | 3;
}

export type DataSettings = Pick<
  Settings<'finetune'>,
  'labels' | 'classes' | 'subset' | 'valFraction' | 'seed' | 'workers'
>;

/** Images that are read to know their sizes. */
const SAMPLE = 32;

/** Throws a DataError for data from which nothing can be learned. */
export async function factsOf(
  index: DatasetIndex,
  settings: DataSettings,
  reporter: Reporter,
): Promise<DataFacts> {
  const selected = select(index, settings);
  const { train, val, classes } = selected;
  const drawn = settings.valFraction !== null;
  checkClasses(index, selected, drawn);
  if (drawn) await warnOfDuplicates(selected, settings.workers, reporter);
  return {
    training: train.images.length,
    validation: val.images.length,
    classes: classes.length,
    side: await sideOf(train),
    channels: index.channels,
  };
}

function checkClasses(
  { root }: Pick<DatasetIndex, 'root'>,
  { train, val, classes }: Pick<Dataset, 'train' | 'val' | 'classes'>,
  drawn: boolean,
): void {
  const place = printable(root);
  if (classes.length < 2) {
    throw new DataError(
      `Expected two classes or more in ${place} but found ${list(classes)} alone: with one there is nothing to tell apart`,
    );
  }
  if (!drawn) return;
  const parts = [new Set(train.labels), new Set(val.labels)];
  const lacking = classes.filter((_, label) => parts.some((found) => !found.has(label)));
  if (lacking.length === 0) return;
  throw new DataError(
    `Expected two images or more of each class in ${place}, one to train with and one to validate with, but ${list(lacking)} ${lacking.length === 1 ? 'has' : 'have'} one: add images, or name the other classes with --classes`,
  );
}

async function sideOf({ images }: Dataset['train']): Promise<number> {
  const sides: number[] = [];
  const read = Math.min(SAMPLE, images.length);
  for (let turn = 0; turn < read; turn++) {
    const location = images.locate(Math.floor((turn * images.length) / read));
    // The training names images that cannot be read.
    const image = await readImage(location).catch(() => undefined);
    if (image !== undefined) sides.push(Math.min(image.width, image.height));
  }
  return Math.round(median(sides) ?? 0);
}
