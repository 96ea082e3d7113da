/** JPEGs by libjpeg-turbo in the addon (native/jpeg/), where it was built with it. */
import { requireAddon } from '../../addon.js';
import type { Image } from '../../augment/index.js';
import { SET_UP } from '../../package-root.js';
import { AS_PILLOW, checkPixels, type DecodeOptions } from './decode-options.js';
import { RECORD_FIELDS } from './image-record.js';
import { MOST_BYTES } from './read-bytes.js';

/** The functions of native/jpeg/binding.cc. */
export interface JpegAddon {
  /**
   * Leaves out images of more pixels, and with `upright` those that their EXIF orientation asks to
   * turn.
   */
  openJpegPool(threads: number, maxPixels: number, upright: boolean): JpegPool;
  closeJpegPool(pool: JpegPool): void;
  /** [name, value, …] of what both sides have to know. */
  jpegFacts(): string[];
  /** Fills in widths and heights. False if the pool was closed before it was done. */
  measureJpegs(pool: JpegPool, files: Uint8Array, records: Float64Array): Promise<boolean>;
  /** Fills the slots of (N, size, size, channels) and changes them by `operations`; the width of what is left out becomes 0. */
  fillFromJpegs(
    pool: JpegPool,
    files: Uint8Array,
    records: Float64Array,
    images: Uint8Array,
    size: number,
    channels: 1 | 3,
    operations: Float64Array,
  ): Promise<boolean>;
  /** Has a device fill the slots of a batch of its own; as fillFromJpegs. */
  decodeJpegs(
    pool: JpegPool,
    files: Uint8Array,
    records: Float64Array,
    batch: object,
  ): Promise<boolean>;
  measureJpeg(bytes: Uint8Array): [width: number, height: number, channels: 1 | 3] | undefined;
  decodeJpeg(bytes: Uint8Array, into: Uint8Array): boolean;
  /** Fills (size, size, channels) with what the window of a record shows of a decoded image. */
  fillFromPixels(
    pixels: Uint8Array,
    record: Float64Array,
    slot: Uint8Array,
    size: number,
    channels: 1 | 3,
  ): void;
}

declare const pool: unique symbol;
/** Threads of the addon. */
export type JpegPool = { readonly [pool]: never };

const FACTS = [
  ...['record', RECORD_FIELDS.join(', ')],
  ...['most bytes of a file', String(MOST_BYTES)],
];

let found: JpegAddon | Error | undefined;

/** The addon's functions for JPEGs, or why sharp decodes them. */
export function jpegAddon(): JpegAddon | Error {
  found ??= findAddon();
  return found;
}

function findAddon(): JpegAddon | Error {
  // For tests and measurements.
  if (process.env['CNN_JPEG'] === 'sharp') return new Error('CNN_JPEG=sharp asks for it');
  try {
    const addon = requireAddon() as Partial<JpegAddon>;
    if (addon.openJpegPool === undefined) {
      return new Error('the addon was built without libjpeg-turbo');
    }
    return isOurs(addon) ? addon : new Error('the addon was built from other sources');
  } catch {
    return new Error('the addon cannot be loaded');
  }
}

/** Whether an addon knows records and limits as this side does. */
export function isOurs(addon: Partial<JpegAddon>): addon is JpegAddon {
  return addon.jpegFacts?.().join('; ') === FACTS.join('; ');
}

/** What decodes JPEGs here, for `cnn doctor`; `fix` is the command that fixes it. */
export function inspectJpegs(): { usable: boolean; detail: string; fix?: string } {
  const addon = jpegAddon();
  if (!(addon instanceof Error)) return { usable: true, detail: 'libjpeg-turbo in the addon' };
  const detail = `${addon.message}; sharp decodes JPEGs, which takes several times as long`;
  return { usable: false, detail, fix: SET_UP };
}

/**
 * Decodes a JPEG of 8 bits in grey or colour in full; undefined for all else, for damaged ones too,
 * and where the addon cannot do it. Throws if it is too large.
 */
export function decodeJpeg(
  bytes: Uint8Array,
  reading: DecodeOptions = AS_PILLOW,
): Image | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  const addon = jpegAddon();
  if (addon instanceof Error) return undefined;
  const form = addon.measureJpeg(bytes);
  if (form === undefined) return undefined;
  const [width, height, channels] = form;
  checkPixels(width, height, reading);
  const data = new Uint8Array(width * height * channels);
  return addon.decodeJpeg(bytes, data) ? { data, width, height, channels } : undefined;
}
