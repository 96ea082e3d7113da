import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../../archs/index.js';
import { IMAGENET_PRINCIPAL_COLOURS } from '../../augment/index.js';
import { openBackend } from '../../backend/index.js';
import { perChannel } from '../../colours.js';
import { type Batch, openBatches } from '../../data/batches/batches.js';
import { type Place, placesOf } from '../../data/batches/epoch-order.js';
import type { Dataset } from '../../data/dataset.js';
import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { openDataset } from '../../data/open-dataset.js';
import { UsageError } from '../../errors.js';
import { imagesToFloat } from '../../network/images.js';
import { shuffledIndices } from '../../rng.js';
import { trainingSize, trainingTransform } from '../../session/augmentation.js';
import { mixedTargets, mixingOf } from '../../session/mixing.js';
import type { Reporter } from '../../session/reporter.js';
import { changed } from '../../session/session.js';
import { createUnreadableWarning } from '../../session/unreadable.js';
import type { Settings } from '../../settings/types.js';
import { checkWritable, writeOutput } from '../../system/files.js';
import { requiredStatistics } from '../start/measured-colours.js';
import { drawContactSheet } from './contact-sheet.js';

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
 * Draws the images of the first training steps with their labels: epoch 0 in its order, mirrored,
 * coloured, erased and mixed by the same kernels as in training.
 */
export async function preview(
  architecture: Architecture,
  settings: PreviewSettings,
  reporter: Reporter,
): Promise<Preview> {
  const { data, out } = settings;
  const format = formatOf(out);
  await checkWritable(out, '--out');
  const dataset = await openDataset(data, { ...settings, onProgress: reporter.note });
  const { bytes, images } = await firstImages(architecture, settings, dataset, reporter);
  const columns = Math.ceil(Math.sqrt(images.length * 1.5));
  const sheet = { size: trainingSize(settings), channels: settings.channels, columns };
  const labels = images.map(({ label }) => label);
  const drawn = await drawContactSheet(bytes, labels, sheet);
  const file = await drawn.toFormat(format).toBuffer();
  await writeOutput(out, file);
  return { out, columns, images };
}

/** The first images of a training, and their bytes (N, H, W, C). */
async function firstImages(
  { recipe }: Architecture,
  settings: PreviewSettings,
  dataset: Dataset,
  reporter: Reporter,
): Promise<{ bytes: Uint8Array; images: Preview['images'] }> {
  const { channels, seed, workers } = settings;
  const size = trainingSize(settings);
  const { length } = dataset.train.images;
  const statistics =
    settings.stats === 'dataset' ? await requiredStatistics(settings.data, dataset) : undefined;
  const { mixing, copies } = mixingOf(settings);
  const mean = perChannel(statistics?.mean ?? recipe.mean, channels);
  const count = Math.min(settings.images, length);
  // What an image is mixed with, and where its copies are, depends on the batch.
  const whole = copies > 1 || mixing.mixup > 0 || mixing.cutmix > 0;
  const batchSize = Math.min(whole ? settings.batchSize : count, length);
  const loader = await openBatches(dataset.train, {
    batchSize,
    imageSize: size,
    channels,
    transform: trainingTransform(recipe, settings),
    principalColours: statistics?.principal ?? IMAGENET_PRINCIPAL_COLOURS,
    seed,
    workers: workers ?? availableParallelism(),
    shuffle: true,
    copies,
    mixing,
    lastBatch: 'drop',
    prefetch: 0,
    cacheBytes: 0,
    reading: decodeOptionsOf(settings),
  });
  const order = shuffledIndices(length, seed, 0);
  const images: Preview['images'][number][] = [];
  const parts: Uint8Array[] = [];
  try {
    for await (const batch of loader.batches(0)) {
      const places = placesOf(order, images.length, batchSize, copies);
      parts.push(await seenImages(batch, size, mean));
      images.push(...describeImages(dataset, places, batch));
      batch.release();
      if (images.length >= count) break;
    }
    createUnreadableWarning(reporter)(loader, 'which leaves a black tile');
    return { bytes: Buffer.concat(parts), images: images.slice(0, count) };
  } finally {
    await loader.close();
  }
}

/** A batch as the network sees it, as bytes. */
async function seenImages(
  batch: Batch,
  size: number,
  mean: readonly number[],
): Promise<Uint8Array> {
  await openBackend('js', { precision: 'f32' });
  const { images, labels, mirror, offsets } = batch;
  const seen = tf.tidy(() => {
    const bytes = tf.tensor4d(images, [labels.length, size, size, mean.length], 'bool');
    const levels = imagesToFloat(bytes, mirror, { mean, std: [1 / 255] }, offsets);
    // What is erased is of the mean colour.
    const colour = mean.map((level) => 255 * level);
    return tf.add(changed(levels, batch), colour);
  });
  const bytes = Uint8ClampedArray.from(await seen.data());
  seen.dispose();
  return new Uint8Array(bytes.buffer);
}

/** The file of each image, and its label or both labels of a mixed one. */
function describeImages(
  dataset: Dataset,
  places: readonly Place[],
  { labels, mix }: Batch,
): Preview['images'][number][] {
  const { images } = dataset.train;
  const targets = mix && mixedTargets(labels, mix, null);
  return places.map(({ index }, slot) => {
    const file = images.name(index);
    const other = targets?.others[slot] ?? -1;
    if (targets === undefined || other < 0) return { file, label: labelOf(dataset, index) };
    const parts = [targets.labels[slot] as number, other].map((label, part) => {
      const share = targets.shares[2 * slot + part] as number;
      return `${className(dataset, label)} ${Math.round(100 * share)} %`;
    });
    return { file, label: parts.join(', ') };
  });
}

function labelOf(dataset: Dataset, index: number): string {
  return className(dataset, dataset.train.labels[index] as number);
}

/** What people call a class: the first of its words, else its folder. */
function className({ classes, words }: Dataset, label: number): string {
  return words[label]?.split(',')[0] || (classes[label] ?? '');
}

function formatOf(file: string): (typeof FORMATS)[keyof typeof FORMATS] {
  const format = FORMATS[extname(file).toLowerCase() as keyof typeof FORMATS];
  if (format !== undefined) return format;
  const endings = Object.keys(FORMATS).join(', ');
  throw new UsageError(`Expected --out to end in one of ${endings} but received ${file}`);
}
