import {
  checkTransform,
  colourOffset,
  cropWindow,
  drawAugmentation,
  drawMix,
  fillSlot,
  IMAGENET_PRINCIPAL_COLOURS,
  isPlainCrop,
  type Mix,
  type MixSettings,
  type PrincipalColours,
  type Transform,
} from '../../augment/index.js';
import { UsageError } from '../../errors.js';
import { shuffledIndices } from '../../rng.js';
import type { Split } from '../dataset.js';
import { AS_PILLOW, type DecodeOptions } from '../decode/decode-options.js';
import { affordableThreads } from '../thread.js';
import { checkAugmentation } from './augment-pixels.js';
import { type BadImageSettings, BadImages } from './bad-images.js';
import { BatchBuffers, type Buffers } from './batch-buffers.js';
import { DecodePool } from './decode-pool.js';
import type { DecodeItem } from './decode-worker.js';
import type { DeviceDecoder, DeviceImages } from './device-decoder.js';
import { type Place, placesOf } from './epoch-order.js';
import { ImageCache } from './image-cache.js';
import { JpegFiller } from './jpeg-filler.js';
import { type Failures, Patience } from './patience.js';

export interface Batch {
  /** (N, H, W, C) with C = 1 or 3, 0..255; shared memory, valid until release(). */
  readonly images: Uint8Array;
  /** (N); -1 for a slot of zeros: an image that cannot be read, or padding of the last batch. */
  readonly labels: Int32Array;
  /** (N); 1 = to be mirrored left to right, which the device does. */
  readonly mirror: Uint8Array;
  /** (N, C); what the device adds to the colours, in [0, 1] units; 0 where C is 1. */
  readonly offsets: Float32Array;
  /** (N, 4) left, top, right and bottom of what the device erases; absent where nothing is. */
  readonly erased?: Int32Array;
  /** How the device mixes each image with the one before it; absent where it does not. */
  readonly mix?: Mix;
  /** Slots that stand for an image of the split, read or not: N less padding. */
  readonly count: number;
  /**
   * Where a device has decoded the images: gives them away, once, as the data of a tensor of
   * (N, H, W, C) bytes. `images` then has only those that it left to the processor.
   */
  takeFromDevice?(): object;
  /** Gives the buffer back; once is enough. */
  release(): void;
}

export interface BatchSettings extends BadImageSettings {
  readonly batchSize: number;
  /** Side of an image in the batch; the same as `transform.size`. */
  readonly imageSize: number;
  readonly channels: 1 | 3;
  readonly transform: Transform;
  /** What colour offsets go along; ImageNet's by default. */
  readonly principalColours?: PrincipalColours;
  readonly seed: number;
  /** Decoding threads. */
  readonly workers: number;
  readonly shuffle: boolean;
  /** How often an epoch has each of its images, of which there are then fewer; 1 by default. */
  readonly copies?: number;
  /** How the images of a step are mixed; they are not by default. */
  readonly mixing?: MixSettings;
  /**
   * Whether images that do not fill a last batch are dropped, or the batch is padded with label -1.
   */
  readonly lastBatch: 'drop' | 'pad';
  /** Batches decoded ahead while one is in use; 0 = decode only when asked. */
  readonly prefetch: number;
  /** Decoded images stay in memory if the whole split fits in that many bytes. */
  readonly cacheBytes: number;
  /** As Pillow by default. */
  readonly reading?: DecodeOptions;
  /** Decodes what JPEGs it can on the device that computes, to which batches then belong. */
  readonly decoder?: DeviceDecoder;
  /**
   * Seconds for which files that the system does not give are tried again, before the epoch ends where
   * their place is gone. Undefined: such files are as any other that cannot be read.
   */
  readonly patience?: number;
  /** Is told of waiting for files. */
  readonly onTrouble?: (line: string) => void;
}

/** Images that a device has decoded, and those that were left to the processor. */
export interface Decoded {
  device: number;
  processor: number;
}

export interface BatchLoader {
  /** Batches per epoch. */
  readonly steps: number;
  /** Decoding threads. */
  readonly workers: number;
  /** Decoded images stay in memory for later epochs, as far as those seen so far tell. */
  readonly kept: boolean;
  /**
   * The batches of an epoch from `fromStep` on, always the same ones. One epoch at a time. There
   * are prefetch + 2 buffers: the next batch waits until one is released. Ending the loop early
   * gives back what it handed out. Throws a DataError where images that cannot be read are to end it,
   * or where the place of an image is gone.
   */
  batches(epoch: number, fromStep?: number): AsyncGenerator<Batch, void>;
  /** Where a device decodes, how many images so far were. */
  readonly decoded: Readonly<Decoded> | undefined;
  /** Images that could not be read at their last use, by their names in the list, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** Ends the decoding threads. */
  close(): Promise<void>;
}

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

/** A batch, and the images of it that could not be read. */
interface Filled extends Failed {
  readonly batch: Batch;
  readonly indices: readonly number[];
}

interface Failed {
  readonly failures: Failures;
}

/** What is to be decoded to slots of buffers; `indices` holds the image of each slot. */
interface Decoding {
  readonly buffers: Buffers;
  readonly items: readonly DecodeItem[];
  readonly indices: readonly number[];
}

interface OnDevice extends Failed {
  readonly images: DeviceImages;
  /** The slots that the processor has filled, or are empty. */
  readonly left: Int32Array;
}

class Loader implements BatchLoader {
  readonly steps: number;
  readonly #bad: BadImages;
  readonly #split: Split;
  readonly #settings: BatchSettings;
  readonly #buffers: BatchBuffers;
  readonly #pool: DecodePool;
  readonly #jpegs: JpegFiller | undefined;
  readonly #cache: ImageCache;
  readonly decoded: Decoded | undefined;
  readonly #patience: Patience;

  constructor(split: Split, settings: BatchSettings, jpegs: JpegFiller | undefined) {
    const { batchSize, transform, channels, lastBatch, prefetch, workers, cacheBytes } = settings;
    const { reading = AS_PILLOW } = settings;
    const count = split.images.length;
    this.#split = split;
    this.#settings = settings;
    this.steps =
      lastBatch === 'drop' ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
    this.#buffers = new BatchBuffers(prefetch + 2, { batchSize, size: transform.size, channels });
    const buffers = this.#buffers.shared;
    this.#pool = new DecodePool(workers, { transform, channels, reading, buffers });
    this.#jpegs = jpegs;
    this.#cache = new ImageCache(count, cacheBytes);
    if (jpegs?.decodesOnDevice) this.decoded = { device: 0, processor: 0 };
    this.#bad = new BadImages(split.images, settings);
    const { patience, onTrouble } = settings;
    this.#patience = new Patience({ images: split.images, seconds: patience, onTrouble });
  }

  get unreadable(): ReadonlyMap<string, string> {
    return this.#bad.unreadable;
  }

  get workers(): number {
    return this.#settings.workers;
  }

  get kept(): boolean {
    return this.#cache.open;
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
          const filled = this.#fill(epoch, started, order);
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
    this.#patience.close();
    this.#jpegs?.close();
    return this.#pool.close();
  }

  async #fill(epoch: number, step: number, order: Int32Array | undefined): Promise<Filled> {
    const { batchSize } = this.#settings;
    const buffers = await this.#buffers.acquire();
    const release = this.#buffers.releaser(buffers);
    const first = step * batchSize;
    const count = Math.min(batchSize, this.#split.images.length - first);
    const places = placesOf(order, first, count, this.#settings.copies ?? 1);
    const indices = places.map(({ index }) => index);
    for (let slot = count; slot < batchSize; slot++) buffers.clear(slot);
    try {
      const items = places.flatMap((place, slot) => this.#place(buffers, slot, place, epoch));
      const batch = { ...this.#batchOf(buffers, epoch, step), count, release };
      const decoding = { buffers, items, indices };
      if (this.decoded === undefined) {
        return { batch, indices, failures: await this.#decodePatiently(decoding) };
      }
      const { failures, ...onDevice } = await this.#decodeOnDevice(decoding, this.decoded);
      return { batch: withDevice(batch, onDevice), indices, failures };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** What a buffer holds, and how the device changes it. */
  #batchOf(
    { images, labels, mirror, offsets, erased }: Buffers,
    epoch: number,
    step: number,
  ): Omit<Batch, 'count' | 'release'> {
    const { transform, mixing, seed } = this.#settings;
    const mix = mixing && drawMix(mixing, transform.size, seed, epoch, step);
    const changes = { ...(transform.erase && { erased }), ...(mix && { mix }) };
    return { images, labels, mirror, offsets, ...changes };
  }

  async #decodeOnDevice(decoding: Decoding, decoded: Decoded): Promise<OnDevice> {
    const { items, indices } = decoding;
    const { batchSize } = this.#settings;
    const { images, left } = await (this.#jpegs as JpegFiller).decode(batchSize, items, indices);
    try {
      const failures = await this.#decodePatiently({ ...decoding, items: left });
      decoded.device += items.length - left.length;
      decoded.processor += left.length;
      const others = new Set(items.filter((item) => !left.includes(item)).map(({ slot }) => slot));
      const slots = Array.from({ length: batchSize }, (_, slot) => slot);
      return { images, left: Int32Array.from(slots.filter((slot) => !others.has(slot))), failures };
    } catch (error) {
      images.release();
      throw error;
    }
  }

  /** Fills a slot from memory, or returns the task for a thread. */
  #place(buffers: Buffers, slot: number, { index, copy }: Place, epoch: number): DecodeItem[] {
    const { transform, seed, channels, principalColours } = this.#settings;
    const { images } = this.#split;
    if (this.#bad.isUndecodable(index)) {
      buffers.clear(slot);
      return [];
    }
    const draws = drawAugmentation(transform, seed, epoch, index, copy);
    buffers.labels[slot] = this.#split.labels[index] as number;
    buffers.mirror[slot] = Number(draws.mirror);
    const basis = principalColours ?? IMAGENET_PRINCIPAL_COLOURS;
    buffers.move(slot, colourOffset(basis, transform.colour ?? 0, draws.colour));
    buffers.erase(slot, draws.erased);
    const image = this.#cache.get(index);
    if (image === undefined) return [{ slot, source: images.locate(index), draws }];
    const window = cropWindow(transform, image.width, image.height, draws);
    if (!isPlainCrop(window) || draws.operations.length > 0)
      return [{ slot, source: image, draws }];
    // Cheaper here than to send it to a thread.
    fillSlot(image, window, transform.size, buffers.slot(slot), channels);
    return [];
  }

  /** Has threads fill slots, trying again what the system does not give; empties the slots of the rest. */
  async #decodePatiently(decoding: Decoding): Promise<Failures> {
    const { buffers, items, indices } = decoding;
    const failures = await this.#patience.retry(await this.#decode(decoding), (again) => {
      this.#jpegs?.forget(again);
      const wanted = items.filter(({ slot }) => again.includes(indices[slot] as number));
      return this.#decode({ ...decoding, items: wanted });
    });
    for (const [index] of failures) buffers.clear(indices.indexOf(index));
    this.#jpegs?.forget(failures.flatMap(([index, { system }]) => (system ? [index] : [])));
    return failures;
  }

  /** Has threads fill slots; resolves to the images that could not be read. */
  async #decode({ buffers, items, indices }: Decoding): Promise<Failures> {
    if (items.length === 0) return [];
    const keep = this.#cache.open;
    const jpegs = keep ? undefined : this.#jpegs;
    const rest = jpegs ? await jpegs.fill(buffers.images, items, indices) : items;
    if (rest.length === 0) return [];
    const replies = await this.#pool.decode(buffers.id, rest, keep);
    for (const { images } of replies) {
      for (const [slot, image] of images) this.#cache.add(indices[slot] as number, image);
    }
    const failures = replies.flatMap((reply) => [...reply.failures]).sort(([a], [b]) => a - b);
    return failures.map(([slot, failure]) => [indices[slot] as number, failure]);
  }
}

/** The batch with images that a device has. */
function withDevice(batch: Batch, { images, left }: Omit<OnDevice, 'failures'>): Batch {
  return {
    ...batch,
    takeFromDevice: () => images.take(batch.images, left),
    release() {
      images.release();
      batch.release();
    },
  };
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
      `A batch of ${batchSize} is larger than the ${split.images.length} images of the split: use --batch-size ${split.images.length} or less.`,
    );
  }
}
