/**
 * Reads images as Pillow's Image.open(file).convert("RGB") does, which torchvision's loader calls:
 * by their content whatever their name, without orientation and colour profiles, alpha dropped
 * without blending, CMYK by its plain formula, of 16 bits the upper 8, but grey of 16 bits cut off
 * at 255.
 */
import type { Image } from '../../augment/index.js';
import type { ImageLocation } from '../dataset.js';
import { decodeBmp } from './bmp.js';
import { AS_PILLOW, checkPixels, type DecodeOptions } from './decode-options.js';
import { checkFormat } from './formats.js';
import { decodeGif } from './gif.js';
import { decodeJpeg } from './jpeg.js';
import { turnUpright } from './orientation.js';
import { imageFromPixels } from './pixels.js';
import { decodePng } from './png.js';
import { decodePnm } from './pnm.js';
import { readImageBytes } from './read-block.js';
import { decodeWithSharp, readHeader } from './through-sharp.js';

/**
 * Reads an image in its own channels: 1 if the file is grey, else 3. Rejects with a reason fit for
 * a message if the file cannot be read in full.
 */
export async function readImage(
  location: ImageLocation,
  options: DecodeOptions = AS_PILLOW,
): Promise<Image> {
  const bytes = await readImageBytes(location);
  const { pixels } = location;
  if (pixels !== undefined) {
    checkPixels(pixels.width, pixels.height, options);
    return imageFromPixels(bytes, pixels);
  }
  checkFormat(bytes);
  const plain = decodeWithoutExif(bytes, options);
  if (plain !== undefined) return plain;
  const image =
    decodeJpeg(bytes, options) ??
    decodePng(bytes, options) ??
    (await decodeWithSharp(bytes, options));
  if (!options.exifRotate) return image;
  return turnUpright(image, (await readHeader(bytes)).orientation);
}

/** How many channels an image has: 1 if it is grey, else 3. */
export async function readChannels(location: ImageLocation): Promise<1 | 3> {
  const bytes = await readImageBytes(location);
  if (location.pixels !== undefined) return location.pixels.channels;
  checkFormat(bytes);
  return decodeWithoutExif(bytes, AS_PILLOW)?.channels ?? (await readHeader(bytes)).channels;
}

/** An image in one of the formats that cannot say how it is turned; undefined for others. */
function decodeWithoutExif(bytes: Buffer, options: DecodeOptions): Image | undefined {
  return decodeGif(bytes, options) ?? decodeBmp(bytes, options) ?? decodePnm(bytes, options);
}
