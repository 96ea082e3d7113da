import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../archs/index.js';
import { IMAGENET_PRINCIPAL_COLOURS } from '../augment/index.js';
import { openBackend } from '../backend/index.js';
import { type Batch, openBatches } from '../data/batches/batches.js';
import type { Dataset } from '../data/dataset.js';
import { decodeOptionsOf } from '../data/decode/decode-options.js';
import { openDataset } from '../data/open-dataset.js';
import { UsageError } from '../errors.js';
import { imagesToFloat } from '../network/images.js';
import { shuffledIndices } from '../rng.js';
import { trainingTransform } from '../session/augmentation.js';
import type { Reporter } from '../session/reporter.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import type { Settings } from '../settings/types.js';
import { checkWritable, writeOutput } from '../system/files.js';
import { drawContactSheet } from './contact-sheet.js';
import { requiredStatistics } from './measured-colours.js';

export interface Preview {
  readonly out: string;
  /** Images in a row of the sheet. */
  readonly columns: number;
  /** In the order of the sheet, row by row. */
  readonly images: readonly { readonly file: string; readonly label: string }[];
}

type PreviewSettings = Settings<'data-preview'> & { readonly data: string; readonly out: string };

const FORMATS = { '.png': 'png', '.jpg': 'jpeg', '.jpeg': 'jpeg', '.webp': 'webp' } as const;

/**
 * Draws the images of the first training steps with their labels: epoch 0 in its order, mirrored
 * and coloured by the same kernel as in training.
 */
export async function preview(
  architecture: Architecture,
  settings: PreviewSettings,
  reporter: Reporter,
): Promise<Preview> {
  const { data, out, seed } = settings;
  const format = formatOf(out);
  await checkWritable(out, '--out');
  const dataset = await openDataset(data, { ...settings, onProgress: reporter.note });
  const count = Math.min(settings.images, dataset.train.images.length);
  const bytes = await firstImages(architecture, settings, dataset, reporter);
  const order = shuffledIndices(dataset.train.images.length, seed, 0);
  const images = [...order.subarray(0, count)].map((index) => ({
    file: dataset.train.images.name(index),
    label: labelOf(dataset, index),
  }));
  const columns = Math.ceil(Math.sqrt(count * 1.5));
  const sheet = { size: settings.inputSize, channels: settings.channels, columns };
  const labels = images.map(({ label }) => label);
  const drawn = await drawContactSheet(bytes, labels, sheet);
  const file = await drawn.toFormat(format).toBuffer();
  await writeOutput(out, file);
  return { out, columns, images };
}

/** The first images of a training as bytes (N, H, W, C). */
async function firstImages(
  { recipe }: Architecture,
  settings: PreviewSettings,
  dataset: Dataset,
  reporter: Reporter,
): Promise<Uint8Array> {
  const { data, stats, channels, seed, inputSize, workers } = settings;
  const principalColours =
    stats === 'dataset'
      ? (await requiredStatistics(data, dataset)).principal
      : IMAGENET_PRINCIPAL_COLOURS;
  const loader = await openBatches(dataset.train, {
    batchSize: Math.min(settings.images, dataset.train.images.length),
    imageSize: inputSize,
    channels,
    transform: trainingTransform(recipe, settings),
    principalColours,
    seed,
    workers: workers ?? availableParallelism(),
    shuffle: true,
    lastBatch: 'drop',
    prefetch: 0,
    cacheBytes: 0,
    reading: decodeOptionsOf(settings),
  });
  try {
    const first = await loader.batches(0).next();
    createUnreadableWarning(reporter)(loader, 'which leaves a black tile');
    if (first.done) throw new Error('a batch of no images');
    return await seenImages(first.value, inputSize, channels);
  } finally {
    await loader.close();
  }
}

/** The batch after mirroring and colour offsets, as bytes. */
async function seenImages(
  { images, labels, mirror, offsets }: Batch,
  size: number,
  channels: 1 | 3,
): Promise<Uint8Array> {
  await openBackend('js', { precision: 'f32' });
  const bytes = tf.tensor4d(images, [labels.length, size, size, channels], 'bool');
  const levels = imagesToFloat(bytes, mirror, { mean: [0], std: [1 / 255] }, offsets);
  const seen = Uint8ClampedArray.from(await levels.data());
  tf.dispose([bytes, levels]);
  return new Uint8Array(seen.buffer);
}

/** What people call an image's class: the first of its words, else its folder. */
function labelOf({ classes, words, train }: Dataset, index: number): string {
  const label = train.labels[index] as number;
  return words[label]?.split(',')[0] || (classes[label] ?? '');
}

function formatOf(file: string): (typeof FORMATS)[keyof typeof FORMATS] {
  const format = FORMATS[extname(file).toLowerCase() as keyof typeof FORMATS];
  if (format !== undefined) return format;
  const endings = Object.keys(FORMATS).join(', ');
  throw new UsageError(`Expected --out to end in one of ${endings} but received ${file}`);
}
