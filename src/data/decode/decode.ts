/**
 * Reads images as Pillow's Image.open(file).convert("RGB") does, which torchvision's loader calls:
 * by their content whatever their name, without orientation and colour profiles, alpha dropped
 * without blending, CMYK by its plain formula, of 16 bits the upper 8, but grey of 16 bits cut off
 * at 255.
 */
import { setTimeout } from 'node:timers/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { Image } from '../../augment/index.js';
import type { ImageLocation } from '../dataset.js';
import { rgbFromCmyk } from './cmyk.js';
import { AS_PILLOW, checkPixels, type DecodeOptions } from './decode-options.js';
import { decodeJpeg } from './jpeg.js';
import { turnUpright } from './orientation.js';
import { decodePng } from './png.js';
import { readBytesInTurn } from './read-bytes.js';

sharp.concurrency(1);
sharp.cache(false);

/** Image formats by the ending of the file name. */
export const IMAGE_FILE = /\.(jpe?g|png|webp)$/i;

/** The first bytes of the formats that are read, whatever the name of the file. */
const FORMATS = [/^\xff\xd8\xff/, /^\x89PNG\r\n/, /^RIFF.{4}WEBP/s, /^GIF8[79]a/];

const ATTEMPTS = 6;

/** The position of the colour type in a PNG file, and its value for grey with alpha. */
const COLOUR_TYPE = 25;
const GREY_ALPHA = 4;

/**
 * Reads an image in its own channels: 1 if the file is grey, else 3. Rejects with a reason fit for a
 * message if the file cannot be read in full.
 */
export async function readImage(
  location: ImageLocation,
  reading: DecodeOptions = AS_PILLOW,
): Promise<Image> {
  const bytes = await readBytesInTurn(location);
  checkFormat(bytes);
  const image =
    decodeJpeg(bytes, reading) ??
    decodePng(bytes, reading) ??
    (await withReason(() => decodeWithSharp(bytes, reading)));
  if (!reading.exifRotate) return image;
  const { orientation = 1 } = await open(bytes).metadata();
  return turnUpright(image, orientation);
}

/** How many channels an image has: 1 if it is grey, else 3. */
export async function readChannels(location: ImageLocation): Promise<1 | 3> {
  const bytes = await readBytesInTurn(location);
  checkFormat(bytes);
  return isGrey(await open(bytes).metadata()) ? 1 : 3;
}

function checkFormat(bytes: Buffer): void {
  if (bytes.length === 0) throw new Error('the file is empty');
  const start = bytes.toString('latin1', 0, 16);
  if (FORMATS.some((format) => format.test(start))) return;
  throw new Error('unsupported format: expected the content of a JPEG, PNG, WebP or GIF file');
}

/** We check the limit of pixels ourselves, so that both decoders report the same. */
function open(bytes: Buffer): Sharp {
  const limits = { limitInputPixels: false, sequentialRead: true };
  return sharp(bytes, { failOn: 'error', ignoreIcc: true, ...limits });
}

/**
 * libvips keeps one message for all threads: where two images fail at once, one of them gets none
 * from sharp and is decoded again a little later.
 */
async function withReason<T>(decode: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await decode();
    } catch (error) {
      if ((error as Error).message !== 'Unknown error') throw error;
      if (attempt === ATTEMPTS) throw new Error('it cannot be decoded');
      await setTimeout(10 * attempt);
    }
  }
}

async function decodeWithSharp(bytes: Buffer, reading: DecodeOptions): Promise<Image> {
  const image = open(bytes);
  const metadata = await image.metadata();
  const { width, height, format, space, hasAlpha } = metadata;
  checkPixels(width, height, reading);
  if (format === 'gif' && hasAlpha) {
    // libvips drops the colour of transparent pixels, which Pillow shows.
    throw new Error('unsupported format: a GIF with transparent pixels');
  }
  if (space === 'cmyk') return cmykPixels(image);
  const opaque = hasAlpha ? image.removeAlpha() : image;
  if (space === 'grey16') return deepGreyPixels(opaque, bytes);
  return plainPixels(opaque, space === 'b-w');
}

async function plainPixels(image: Sharp, grey: boolean): Promise<Image> {
  const { data, info } = await image
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: grey ? 1 : 3 };
}

/** JPEGs store inks inverted, as Adobe does; libvips and Pillow invert those of all files. */
async function cmykPixels(image: Sharp): Promise<Image> {
  const { data, info } = await image
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: rgbFromCmyk(data), width: info.width, height: info.height, channels: 3 };
}

/** Pillow cuts the levels off at 255 (its mode I), but with a channel of alpha takes the upper byte. */
async function deepGreyPixels(image: Sharp, png: Buffer): Promise<Image> {
  const { data, info } = await image
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const words = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const level =
    png[COLOUR_TYPE] === GREY_ALPHA
      ? (word: number) => word >> 8
      : (word: number) => Math.min(word, 255);
  const { width, height } = info;
  return { data: Uint8Array.from(words, level), width, height, channels: 1 };
}

function isGrey({ space }: Metadata): boolean {
  return space === 'b-w' || space === 'grey16';
}
