import sharp, { type Metadata, type Sharp } from 'sharp';
import type { Picture } from '../augment/index.js';
import type { PictureLocation } from './dataset.js';
import { decodeJpeg } from './jpeg.js';
import { decodePng } from './png.js';
import { readBytes } from './read-bytes.js';

sharp.concurrency(1);
sharp.cache(false);

/** Picture formats by the ending of the file name. */
export const PICTURE_FILE = /\.(jpe?g|png|webp)$/i;

/**
 * Reads a picture in its own channels: 1 if the file is grey, else 3. As PIL does, it ignores
 * orientation and colour profiles and drops alpha.
 * Rejects with a reason fit for a message if the file cannot be read in full.
 */
export async function readPicture(location: PictureLocation): Promise<Picture> {
  const bytes = readBytes(location);
  if (bytes.length === 0) throw new Error('the file is empty');
  return decodeJpeg(bytes) ?? decodePng(bytes) ?? decodeWithSharp(bytes);
}

/** How many channels a picture has: 1 if it is grey, else 3. */
export async function readChannels(location: PictureLocation): Promise<1 | 3> {
  return isGrey(await sharp(readBytes(location)).metadata()) ? 1 : 3;
}

async function decodeWithSharp(bytes: Buffer): Promise<Picture> {
  const image = sharp(bytes, { failOn: 'error', ignoreIcc: true, sequentialRead: true });
  const metadata = await image.metadata();
  return rawPixels(metadata.hasAlpha ? image.removeAlpha() : image, isGrey(metadata));
}

async function rawPixels(image: Sharp, grey: boolean): Promise<Picture> {
  const { data, info } = await image
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: grey ? 1 : 3 };
}

function isGrey(metadata: Metadata): boolean {
  return metadata.space === 'b-w' || metadata.space === 'grey16';
}
