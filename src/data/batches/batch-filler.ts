/** Fills batches: draws how each image is augmented, and has threads or the device decode it. */
import {
  colourOffset,
  cropWindow,
  drawAugmentation,
  drawMix,
  fillSlot,
  IMAGENET_PRINCIPAL_COLOURS,
  isPlainCrop,
} from '../../augment/index.js';
import type { Split } from '../dataset.js';
import { AS_PILLOW } from '../decode/decode-options.js';
import type { BadImages } from './bad-images.js';
import type { Batch, BatchSettings, Decoded } from './batch.js';
import { BatchBuffers, type Buffers } from './batch-buffers.js';
import { DecodePool } from './decode-pool.js';
import type { DecodeItem } from './decode-worker.js';
import type { DeviceImages } from './device-decoder.js';
import { type Place, placesOf } from './epoch-order.js';
import { ImageCache } from './image-cache.js';
import type { JpegFiller } from './jpeg-filler.js';
import { type Failures, Patience } from './patience.js';

/** A batch, and the images of it that could not be read. */
export interface Filled extends Failed {
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

export class BatchFiller {
  readonly decoded: Decoded | undefined;
  readonly #bad: Pick<BadImages, 'isUndecodable'>;
  readonly #split: Split;
  readonly #settings: BatchSettings;
  readonly #buffers: BatchBuffers;
  readonly #pool: DecodePool;
  readonly #jpegs: JpegFiller | undefined;
  readonly #cache: ImageCache;
  readonly #patience: Patience;

  /** `bad` knows the images that are not tried again. */
  constructor(
    split: Split,
    settings: BatchSettings,
    jpegs: JpegFiller | undefined,
    bad: Pick<BadImages, 'isUndecodable'>,
  ) {
    const { batchSize, transform, channels, prefetch, workers, cacheBytes } = settings;
    const { reading = AS_PILLOW, patience, onTrouble } = settings;
    this.#split = split;
    this.#settings = settings;
    this.#buffers = new BatchBuffers(prefetch + 2, { batchSize, size: transform.size, channels });
    const buffers = this.#buffers.shared;
    this.#pool = new DecodePool(workers, { transform, channels, reading, buffers });
    this.#jpegs = jpegs;
    this.#cache = new ImageCache(split.images.length, cacheBytes);
    if (jpegs?.decodesOnDevice) this.decoded = { device: 0, processor: 0 };
    this.#bad = bad;
    this.#patience = new Patience({ images: split.images, seconds: patience, onTrouble });
  }

  /** Decoded images stay in memory, as far as those seen so far tell. */
  get kept(): boolean {
    return this.#cache.open;
  }

  close(): Promise<void> {
    this.#patience.close();
    this.#jpegs?.close();
    return this.#pool.close();
  }

  /** Fills the batch of a step, once a buffer is free; `order` is that of the epoch's images. */
  async fill(epoch: number, step: number, order: Int32Array | undefined): Promise<Filled> {
    const { batchSize } = this.#settings;
    const buffers = await this.#buffers.acquire();
    const release = this.#buffers.releaser(buffers);
    const places = this.#placesOf(step, order);
    const count = places.length;
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

  /** What the slots of a step show: those of this process, where several divide it. */
  #placesOf(step: number, order: Int32Array | undefined): Place[] {
    const { batchSize, part, copies = 1 } = this.#settings;
    const { first, of } = part ?? { first: 0, of: batchSize };
    const count = Math.min(of, this.#split.images.length - step * of);
    return placesOf(order, step * of, count, copies).slice(first, first + batchSize);
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
    if (keep) {
      const onDisk = rest.filter(({ source }) => !('data' in source));
      await this.#jpegs?.readFirst(onDisk.map(({ slot }) => indices[slot] as number));
    }
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
