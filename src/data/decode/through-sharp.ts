/** Images that libvips decodes, by sharp: WebP and TIFF, and what of PNG and JPEG is left to it. */
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import type { Metadata, Sharp } from 'sharp';
import type { Image } from '../../augment/index.js';
import { rgbFromCmyk } from './cmyk.js';
import { checkPixels, type DecodeOptions } from './decode-options.js';
import { turnUpright } from './orientation.js';
import { readTiffTags, type TiffTags } from './tiff-tags.js';

type Library = typeof import('sharp').default;

let library: Library | undefined;

/** Most trainings do without it, which saves them 12 MiB. */
function loadSharp(): Library {
  if (library !== undefined) return library;
  library = createRequire(import.meta.url)('sharp') as Library;
  library.concurrency(1);
  library.cache(false);
  return library;
}

const ATTEMPTS = 6;

/** What sharp says where libvips gave no message. */
const NO_REASON = /^(Unknown error$|Warning treated as error)/;

/** The position of the colour type in a PNG file, and its value for grey with alpha. */
const COLOUR_TYPE = 25;
const GREY_ALPHA = 4;

/** Rejects with a reason fit for a message where the image cannot be decoded. */
export async function decodeWithSharp(bytes: Buffer, options: DecodeOptions): Promise<Image> {
  return withReason(async () => {
    const { width, height, format, space, depth, hasAlpha } = await open(bytes).metadata();
    checkPixels(width, height, options);
    const tags = format === 'tiff' ? readTiffTags(bytes) : undefined;
    if (tags?.lab) throw new Error('unsupported format: a TIFF with colours of Lab');
    const image = await decodeForm(bytes, { space, depth, hasAlpha }, tags);
    // Pillow turns TIFFs upright when it reads them, and others on request.
    return tags === undefined ? image : turnUpright(image, tags.orientation);
  });
}

/** Of the header: 1 channel if the image is grey, and its EXIF orientation. */
export async function readHeader(
  bytes: Buffer,
): Promise<{ readonly channels: 1 | 3; readonly orientation: number }> {
  const { space, orientation = 1, format } = await open(bytes).metadata();
  const channels = space === 'b-w' || space === 'grey16' ? 1 : 3;
  return { channels, orientation: format === 'tiff' ? 1 : orientation };
}

type Form = Pick<Metadata, 'space' | 'depth' | 'hasAlpha'>;

function decodeForm(bytes: Buffer, form: Form, tags: TiffTags | undefined): Promise<Image> {
  const { space, depth, hasAlpha } = form;
  const image = open(bytes);
  if (space === 'cmyk') return cmykPixels(image, depth === 'ushort');
  if (tags?.associatedAlpha && hasAlpha && space === 'srgb') return associatedPixels(image);
  const opaque = hasAlpha ? image.removeAlpha() : image;
  if (space === 'grey16') return deepGreyPixels(opaque, bytes, tags);
  return plainPixels(opaque, space === 'b-w');
}

/**
 * We check the limit of pixels ourselves, so that all decoders report the same. With `failOn:
 * 'error'` libvips leaves tiles of a TIFF that it cannot decode black.
 */
function open(bytes: Buffer): Sharp {
  const tiff = /^(II|MM)/.test(bytes.toString('latin1', 0, 2));
  return loadSharp()(bytes, {
    failOn: tiff ? 'warning' : 'error',
    ignoreIcc: true,
    limitInputPixels: false,
    sequentialRead: true,
  });
}

/** Images that failed are decoded again one after the other. */
let lastAgain: Promise<unknown> = Promise.resolve();

/**
 * libvips keeps one list of messages for all threads: where images fail at once, each of them gets
 * from sharp what was added by others, or nothing. So an image that failed is decoded again, until
 * it gets the same message twice in succession.
 */
async function withReason<T>(decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch {
    const again = lastAgain.then(() => decodeAgain(decode));
    lastAgain = again.catch(() => {});
    return again;
  }
}

async function decodeAgain<T>(decode: () => Promise<T>): Promise<T> {
  let before: string | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await decode();
    } catch (error) {
      const { message } = error as Error;
      if (message === before || attempt === ATTEMPTS) throw reasonFor(error as Error);
      before = NO_REASON.test(message) ? undefined : message;
      if (before === undefined) await setTimeout(10 * attempt);
    }
  }
}

function reasonFor(error: Error): Error {
  const { message } = error;
  if (NO_REASON.test(message)) return new Error('it cannot be decoded');
  // The first bytes were looked at before.
  if (/unsupported image format/.test(message)) return new Error('the file is damaged');
  return error;
}

async function plainPixels(image: Sharp, grey: boolean): Promise<Image> {
  const { data, info } = await image
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: grey ? 1 : 3 };
}

/** JPEGs store inks inverted, as Adobe does; libvips and Pillow invert those of all files. */
async function cmykPixels(image: Sharp, deep: boolean): Promise<Image> {
  const inks = image.pipelineColourspace('cmyk').toColourspace('cmyk');
  const { data, info } = await (deep ? inks.raw({ depth: 'ushort' }) : inks.raw()).toBuffer({
    resolveWithObject: true,
  });
  const levels = deep ? Uint8Array.from(wordsOf(data), (word) => word >> 8) : data;
  return { data: rgbFromCmyk(levels), width: info.width, height: info.height, channels: 3 };
}

/**
 * Both divide colours by alpha and round down, but libvips does so in float32, which may come out
 * just below a whole number. The level in the file is found again: below 255 no two give the same.
 */
async function associatedPixels(image: Sharp): Promise<Image> {
  const { data: pixels, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const data = new Uint8Array(width * height * 3);
  for (let at = 0, out = 0; at < pixels.length; at += channels) {
    const alpha = pixels[at + 3] as number;
    for (let level = 0; level < 3; level++) {
      const divided = pixels[at + level] as number;
      const stored = alpha === 255 ? divided : Math.floor(((divided + 1) * alpha) / 255);
      data[out++] = alpha === 0 ? 0 : Math.min(255, Math.floor((stored * 255) / alpha));
    }
  }
  return { data, width, height, channels: 3 };
}

/**
 * Pillow cuts the levels off at 255 (its mode I), but with a channel of alpha takes the upper byte.
 */
async function deepGreyPixels(
  image: Sharp,
  bytes: Buffer,
  tags: TiffTags | undefined,
): Promise<Image> {
  const { data, info } = await image
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return { data: Uint8Array.from(wordsOf(data), levelOf(bytes, tags)), width, height, channels: 1 };
}

function levelOf(bytes: Buffer, tags: TiffTags | undefined): (word: number) => number {
  if (tags === undefined && bytes[COLOUR_TYPE] === GREY_ALPHA) return (word) => word >> 8;
  // Pillow shows such a TIFF as if 0 were black.
  if (tags?.whiteIsZero) return (word) => Math.min(65535 - word, 255);
  return (word) => Math.min(word, 255);
}

function wordsOf({ buffer, byteOffset, length }: Buffer): Uint16Array {
  return new Uint16Array(buffer, byteOffset, length / 2);
}
