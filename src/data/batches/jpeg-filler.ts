import { cropWindow, packOperations, type Transform } from '../../augment/index.js';
import { RunError } from '../../errors.js';
import { SET_UP } from '../../package-root.js';
import { encodeName } from '../../system/file-names.js';
import type { ImageList } from '../dataset.js';
import { AS_PILLOW, type DecodeOptions } from '../decode/decode-options.js';
import {
  createRecords,
  fillRecord,
  placeWindow,
  recordAt,
  sizeIn,
} from '../decode/image-record.js';
import { type JpegAddon, type JpegPool, jpegAddon } from '../decode/jpeg.js';
import { affordableThreads } from '../thread.js';
import type { DecodeItem } from './decode-worker.js';
import type { DeviceDecoder, DeviceImages, DeviceReader } from './device-decoder.js';

/** Of images that are no JPEGs, or not for the addon, or not to be found by a place in a file. */
const REFUSED = { width: 0, height: 1 };

/** Threads that read images for the first time, which wait for the disk more than they compute. */
const READERS = 16;

export interface JpegFillerSettings {
  readonly transform: Transform;
  readonly channels: 1 | 3;
  readonly threads: number;
  readonly reading?: DecodeOptions;
  /** What decodes in place of the addon, as far as it can. */
  readonly decoder?: DeviceDecoder;
}

/**
 * Fills the slots of batches with JPEGs: one call and one promise for all of a batch, and one more to
 * measure the images that it has not seen before, on whose size the window depends.
 */
export class JpegFiller {
  readonly #addon: JpegAddon;
  readonly #pool: JpegPool;
  readonly #readers: JpegPool;
  readonly #device: DeviceReader | undefined;
  readonly #images: ImageList;
  readonly #settings: JpegFillerSettings;
  /** (images, 2) width and height; 0 and 0 until it is measured. */
  readonly #sizes: Uint16Array;

  private constructor(addon: JpegAddon, images: ImageList, settings: JpegFillerSettings) {
    this.#addon = addon;
    const { threads, reading = AS_PILLOW, decoder } = settings;
    const { maxPixels, exifRotate } = reading;
    this.#pool = addon.openJpegPool(threads, maxPixels, exifRotate);
    const readers = Math.max(affordableThreads(READERS), threads);
    this.#readers = addon.openJpegPool(readers, maxPixels, exifRotate);
    this.#device = decoder?.open(threads, reading);
    this.#images = images;
    this.#settings = settings;
    this.#sizes = new Uint16Array(2 * images.length);
  }

  /** Undefined where the addon does not decode JPEGs. */
  static open(images: ImageList, settings: JpegFillerSettings): JpegFiller | undefined {
    const addon = jpegAddon();
    if (!(addon instanceof Error)) return new JpegFiller(addon, images, settings);
    if (settings.decoder === undefined) return undefined;
    throw new RunError(
      `--decode gpu reads the headers of JPEGs by the addon, but ${addon.message}: run ${SET_UP}, or leave it out`,
    );
  }

  /**
   * Fills slots of `images` (N, size, size, channels) and returns the items whose slots it left to
   * another decoder: images that are no JPEGs, are in an unusual form, have to be turned, are
   * damaged or too large, or cannot be read. `indices` holds the image of each slot.
   */
  async fill(
    images: Uint8Array,
    items: readonly DecodeItem[],
    indices: readonly number[],
  ): Promise<DecodeItem[]> {
    const { taken, files, records } = await this.#place(items, indices);
    if (taken.length === 0) return [...items];
    const { transform, channels } = this.#settings;
    const form = [images, transform.size, channels, operationsOf(taken, records)] as const;
    this.#check(await this.#addon.fillFromJpegs(this.#pool, files, records, ...form));
    return leftOf(items, taken, records);
  }

  /** Whether a device decodes. */
  get decodesOnDevice(): boolean {
    return this.#device !== undefined;
  }

  /** The same in the memory of the device, for a batch of so many slots. */
  async decode(
    slots: number,
    items: readonly DecodeItem[],
    indices: readonly number[],
  ): Promise<{ readonly images: DeviceImages; readonly left: DecodeItem[] }> {
    // A device changes no pixels.
    const plain = items.filter(({ draws }) => draws.operations.length === 0);
    const { taken, files, records } = await this.#place(plain, indices);
    const { transform, channels } = this.#settings;
    const images = await this.#device?.decode(files, records, [slots, transform.size, channels]);
    if (images === undefined) throw closed();
    return { images, left: leftOf(items, taken, records) };
  }

  /** The items that are JPEGs for the addon, and the request for their windows. */
  async #place(items: readonly DecodeItem[], indices: readonly number[]) {
    const indexOf = ({ slot }: DecodeItem) => indices[slot] as number;
    await this.readFirst(items.map(indexOf));
    const taken = items.filter((item) => this.#sizes[2 * indexOf(item)] !== 0);
    const request = this.#request(taken.map(indexOf));
    for (const [i, item] of taken.entries()) {
      this.#placeWindow(recordAt(request.records, i), indexOf(item), item);
    }
    return { taken, ...request };
  }

  /**
   * Reads those of the images that were not read before, many at a time: then they are in the
   * system's cache for whoever decodes them, and no decoder waits for the disk image by image.
   */
  readFirst(indices: readonly number[]): Promise<void> {
    return this.#measure(indices.filter((index) => this.#sizes[2 * index + 1] === 0));
  }

  /** The mean of width × height of some images spread over the list; undefined if none is a JPEG. */
  async meanPixels(samples: number): Promise<number | undefined> {
    const { length } = this.#images;
    const count = Math.min(samples, length);
    const indices = Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
    await this.#measure(indices);
    const pixels = indices
      .map((index) => (this.#sizes[2 * index] ?? 0) * (this.#sizes[2 * index + 1] ?? 0))
      .filter((product) => product > 0);
    if (pixels.length === 0) return undefined;
    return pixels.reduce((sum, product) => sum + product, 0) / pixels.length;
  }

  /** Measures images anew at their next use: what was found of them may be due to the system. */
  forget(indices: readonly number[]): void {
    for (const index of indices) this.#sizes.fill(0, 2 * index, 2 * index + 2);
  }

  /** Ends the threads after the images that they work on; pending requests fail with a RunError. */
  close(): void {
    for (const pool of [this.#pool, this.#readers]) this.#addon.closeJpegPool(pool);
    this.#device?.close();
  }

  async #measure(asked: readonly number[]): Promise<void> {
    const indices = asked.filter((index) => {
      const { pixels, block } = this.#images.locate(index);
      if (pixels === undefined && block === undefined) return true;
      this.#store(index, REFUSED);
      return false;
    });
    if (indices.length === 0) return;
    const { files, records } = this.#request(indices);
    this.#check(await this.#addon.measureJpegs(this.#readers, files, records));
    for (const [i, index] of indices.entries()) {
      this.#store(index, sizeIn(recordAt(records, i)) ?? REFUSED);
    }
  }

  #store(index: number, { width, height }: { readonly width: number; readonly height: number }) {
    this.#sizes[2 * index] = width;
    this.#sizes[2 * index + 1] = height;
  }

  #placeWindow(record: Float64Array, index: number, { slot, draws }: DecodeItem): void {
    const width = this.#sizes[2 * index] as number;
    const height = this.#sizes[2 * index + 1] as number;
    const window = cropWindow(this.#settings.transform, width, height, draws);
    placeWindow(record, { width, height }, window, slot);
  }

  /** Paths, each with a 0 at its end, and records with the images' places in their files. */
  #request(indices: readonly number[]) {
    const records = createRecords(indices.length);
    let paths = '';
    for (const [i, index] of indices.entries()) {
      const { file, offset, length } = this.#images.locate(index);
      paths += `${file}\0`;
      fillRecord(recordAt(records, i), { offset, length });
    }
    return { files: encodeName(paths), records };
  }

  #check(complete: boolean): void {
    if (!complete) throw closed();
  }
}

/** The items that were not filled; `records` are those of the taken ones. */
function leftOf(
  items: readonly DecodeItem[],
  taken: readonly DecodeItem[],
  records: Float64Array,
): DecodeItem[] {
  const filled = new Set(taken.filter((_, i) => sizeIn(recordAt(records, i))));
  return items.filter((item) => !filled.has(item));
}

/** The operations of all images, whose places the records get. */
function operationsOf(items: readonly DecodeItem[], records: Float64Array): Float64Array {
  let firstOperation = 0;
  for (const [i, { draws }] of items.entries()) {
    const operations = draws.operations.length;
    fillRecord(recordAt(records, i), { firstOperation, operations });
    firstOperation += operations;
  }
  return packOperations(items.flatMap(({ draws }) => draws.operations));
}

function closed(): RunError {
  return new RunError('The batch loader was closed while batches were being decoded.');
}
