/** The loader: batches of a split in the order of an epoch, filled ahead of their use. */

import { checkTransform } from '../../augment/index.js';
import { counted } from '../../counted.js';
import { UsageError } from '../../errors.js';
import { shuffledIndices } from '../../rng.js';
import type { Split } from '../dataset.js';
import { AS_PILLOW } from '../decode/decode-options.js';
import { affordableThreads } from '../thread.js';
import { checkAugmentation } from './augment-pixels.js';
import { BadImages } from './bad-images.js';
import type { Batch, BatchLoader, BatchSettings, Decoded } from './batch.js';
import { BatchFiller, type Filled } from './batch-filler.js';
import { JpegFiller } from './jpeg-filler.js';

export type { Batch, BatchLoader, BatchSettings, Decoded } from './batch.js';

/** Batches of a split, decoded by threads of their own. Throws a UsageError if settings clash. */
export async function openBatches(split: Split, settings: BatchSettings): Promise<BatchLoader> {
  checkSettings(split, settings);
  checkAugmentation(settings.transform);
  const { transform, channels, reading = AS_PILLOW, decoder } = settings;
  const workers = affordableThreads(settings.workers);
  const form = { transform, channels, threads: workers, reading, ...(decoder && { decoder }) };
  const jpegs = JpegFiller.open(split.images, form);
  const pixels = settings.cacheBytes > 0 ? await jpegs?.meanPixels(MEASURED) : undefined;
  // Checked first: decoding for the cache takes longer and would be in vain.
  const tooLarge = (pixels ?? 0) * channels * split.images.length > settings.cacheBytes;
  const cacheBytes = tooLarge ? 0 : settings.cacheBytes;
  return new Loader(split, { ...settings, workers, cacheBytes }, jpegs);
}

/** Images that are measured to see whether all of them would fit in memory. */
const MEASURED = 64;

class Loader implements BatchLoader {
  readonly steps: number;
  readonly #bad: BadImages;
  readonly #split: Split;
  readonly #settings: BatchSettings;
  readonly #filler: BatchFiller;

  constructor(split: Split, settings: BatchSettings, jpegs: JpegFiller | undefined) {
    const { lastBatch } = settings;
    const batchSize = settings.part?.of ?? settings.batchSize;
    const count = split.images.length;
    this.#split = split;
    this.#settings = settings;
    this.steps =
      lastBatch === 'drop' ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
    this.#bad = new BadImages(split.images, settings);
    this.#filler = new BatchFiller(split, settings, jpegs, this.#bad);
  }

  get decoded(): Readonly<Decoded> | undefined {
    return this.#filler.decoded;
  }

  get unreadable(): ReadonlyMap<string, string> {
    return this.#bad.unreadable;
  }

  get workers(): number {
    return this.#settings.workers;
  }

  get kept(): boolean {
    return this.#filler.kept;
  }

  async *batches(epoch: number, fromStep = 0): AsyncGenerator<Batch, void> {
    const { shuffle, seed, prefetch } = this.#settings;
    const count = this.#split.images.length;
    const order = shuffle ? shuffledIndices(count, seed, epoch) : undefined;
    const ahead: Promise<Filled>[] = [];
    const handedOut: Batch[] = [];
    let started = fromStep;
    let complete = false;
    try {
      for (let step = fromStep; step < this.steps; step++) {
        for (; started < this.steps && started <= step + prefetch; started++) {
          const filled = this.#filler.fill(epoch, started, order);
          // Failures surface where the batch is awaited below.
          filled.catch(() => {});
          ahead.push(filled);
        }
        const filled = await (ahead.shift() as Promise<Filled>);
        const { batch } = filled;
        handedOut.push(batch);
        // Recorded here and not when a thread replies, so that the order never depends on timing.
        this.#bad.record(filled.indices, filled.failures);
        if (handedOut.length > prefetch + 2) handedOut.shift();
        yield batch;
      }
      complete = true;
    } finally {
      if (!complete) {
        for (const batch of handedOut) batch.release();
        for (const filled of ahead) filled.then(({ batch }) => batch.release()).catch(() => {});
      }
    }
  }

  close(): Promise<void> {
    return this.#filler.close();
  }
}

function checkSettings(split: Split, settings: BatchSettings): void {
  const { batchSize, imageSize, transform, workers, prefetch, lastBatch } = settings;
  checkTransform(transform);
  for (const [name, value, least] of [
    ['batch-size', batchSize, 1],
    ['workers', workers, 1],
    ['prefetch', prefetch, 0],
  ] as const) {
    if (Number.isInteger(value) && value >= least) continue;
    throw new UsageError(
      `Expected --${name} to be a whole number from ${least} but received ${value}.`,
    );
  }
  if (imageSize !== transform.size) {
    throw new UsageError(
      `The network takes images of ${imageSize} pixels but the transform cuts out ${transform.size}.`,
    );
  }
  if (lastBatch === 'drop' && batchSize > split.images.length) {
    throw new UsageError(
      `A batch of ${batchSize} is larger than the ${counted(split.images.length, 'image')} of the split: use --batch-size ${split.images.length} or less.`,
    );
  }
}
