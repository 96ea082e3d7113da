/**
 * Reads Windows and OS/2 bitmaps as Pillow does: 1, 4, 8, 16, 24 and 32 bits, run lengths, top-down
 * ones; alpha is dropped. libvips of sharp reads none.
 * https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage
 */
import type { Image } from '../../augment/index.js';
import { decodeRunLengths } from './bmp-run-lengths.js';
import { AS_PILLOW, checkPixels, type DecodeOptions } from './decode-options.js';
import { imageOfIndices, paletteOf } from './palette.js';

/** Bytes of the header after which the masks of colours or the palette come. */
const FILE_HEADER = 14;
const OS2_HEADER = 12;
const HEADERS = [OS2_HEADER, 40, 52, 56, 64, 108, 124];
const [RAW, RLE8, RLE4, BITFIELDS] = [0, 1, 2, 3];

/** The masks of red, green and blue where a file names none. */
const FIVE_BITS = [0x7c00, 0x3e0, 0x1f];
const WHOLE_BYTES = [0xff0000, 0xff00, 0xff];

interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly palette: Uint8Array;
  /** The bits of red, green and blue in a pixel of 16 or 32 bits. */
  readonly masks: readonly number[];
  /** Where the pixels begin. */
  readonly at: number;
}

/**
 * The image in a BMP file, or undefined where it is another file. Throws if it is damaged or too
 * large.
 */
export function decodeBmp(file: Buffer, options: DecodeOptions = AS_PILLOW): Image | undefined {
  if (file.toString('latin1', 0, 2) !== 'BM') return undefined;
  const bitmap = readHeaders(file);
  const { width, height, bits, compression, palette } = bitmap;
  if (width * height === 0) throw new Error('it has no pixels');
  checkPixels(width, height, options);
  if (bits > 8) return { data: colours(file, bitmap), width, height, channels: 3 };
  const indices =
    compression === RAW
      ? unpackIndices(file, bitmap)
      : upright(decodeRunLengths(file, bitmap.at, width, height, compression === RLE4), bitmap);
  return imageOfIndices(indices, palette, { width, height });
}

function readHeaders(file: Buffer): Bitmap {
  const size = file.length < FILE_HEADER + 4 ? 0 : file.readUInt32LE(FILE_HEADER);
  if (file.length < FILE_HEADER + Math.max(size, OS2_HEADER)) throw truncated();
  if (!HEADERS.includes(size)) throw new Error(`unsupported format: a BMP with header ${size}`);
  const os2 = size === OS2_HEADER;
  const header = file.subarray(FILE_HEADER);
  const signedHeight = os2 ? header.readUInt16LE(6) : header.readInt32LE(8);
  const bits = header.readUInt16LE(os2 ? 10 : 14);
  const compression = os2 ? RAW : header.readUInt32LE(16);
  const known = [1, 4, 8, 16, 24, 32].includes(bits);
  const packed = (compression === RLE8 && bits === 8) || (compression === RLE4 && bits === 4);
  const masked = compression === BITFIELDS && bits >= 16;
  if (!known || !(compression === RAW || packed || masked)) {
    throw new Error(`unsupported format: a BMP of ${bits} bits with compression ${compression}`);
  }
  let end = FILE_HEADER + size;
  let masks: readonly number[] = bits === 16 ? FIVE_BITS : WHOLE_BYTES;
  if (masked) {
    const start = FILE_HEADER + 40;
    if (start + 12 > file.length) throw truncated();
    const given = [0, 4, 8].map((at) => file.readUInt32LE(start + at));
    if (given.some((mask) => mask !== 0)) masks = given;
    end = Math.max(end, start + 12);
  }
  const entry = os2 ? 3 : 4;
  const count = bits > 8 ? 0 : (os2 ? 0 : header.readUInt32LE(32)) || 1 << bits;
  let at = file.readUInt32LE(10) || end + entry * count;
  // Some files leave the palette out of the count.
  if (at === end) at += 4 * count;
  return {
    width: os2 ? header.readUInt16LE(4) : header.readUInt32LE(4),
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bits,
    compression,
    palette: readPalette(file.subarray(end, end + entry * Math.min(count, 256)), entry),
    masks,
    at,
  };
}

/** Colours are blue, green, red and, but in OS/2's first bitmaps, an unused byte. */
function readPalette(bytes: Buffer, entry: number): Uint8Array {
  const colours: number[] = [];
  for (let at = 0; at + 3 <= bytes.length; at += entry) {
    colours.push(...[2, 1, 0].map((level) => bytes[at + level] as number));
  }
  return paletteOf(colours);
}

/**
 * Calls `use` with each row of the image and where it begins in the file: rows take whole words.
 */
function eachRow(file: Buffer, bitmap: Bitmap, use: (row: number, at: number) => void): void {
  const { width, height, topDown, bits } = bitmap;
  const stride = 4 * Math.ceil((width * bits) / 32);
  const bytes = Math.ceil((width * bits) / 8);
  if (bitmap.at + stride * (height - 1) + bytes > file.length) throw truncated();
  for (let line = 0; line < height; line++) {
    use(topDown ? line : height - 1 - line, bitmap.at + line * stride);
  }
}

function unpackIndices(file: Buffer, bitmap: Bitmap): Uint8Array {
  const { width, height, bits } = bitmap;
  const indices = new Uint8Array(width * height);
  const most = (1 << bits) - 1;
  eachRow(file, bitmap, (row, at) => {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      // The leftmost pixel is in the highest bits.
      const shift = 8 - bits - (bit & 7);
      indices[row * width + x] = ((file[at + (bit >> 3)] as number) >> shift) & most;
    }
  });
  return indices;
}

/** Run lengths hold the lowest line first. */
function upright(indices: Uint8Array, { width, height, topDown }: Bitmap): Uint8Array {
  if (topDown) return indices;
  const turned = new Uint8Array(indices.length);
  for (let row = 0; row < height; row++) {
    const line = indices.subarray(row * width, (row + 1) * width);
    turned.set(line, (height - 1 - row) * width);
  }
  return turned;
}

/** (height, width, 3) of pixels of 16, 24 or 32 bits. */
function colours(file: Buffer, bitmap: Bitmap): Uint8Array {
  const { width, height, bits, masks } = bitmap;
  const data = new Uint8Array(width * height * 3);
  const bytes = bits / 8;
  const levels = masks.map(levelReader);
  const whole = bits >= 24 && masks.every((mask, level) => mask === WHOLE_BYTES[level]);
  eachRow(file, bitmap, (row, at) => {
    let out = row * width * 3;
    if (whole) {
      for (let from = at; from < at + width * bytes; from += bytes) {
        for (let level = 2; level >= 0; level--) data[out++] = file[from + level] as number;
      }
      return;
    }
    for (let x = 0; x < width; x++) {
      const pixel = file.readUIntLE(at + x * bytes, bytes);
      for (const level of levels) data[out++] = level(pixel);
    }
  });
  return data;
}

/** Reads the bits of a mask in a pixel as 0 to 255. */
function levelReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = Math.log2((mask & -mask) >>> 0);
  const most = mask >>> shift;
  return (pixel) => Math.floor((((pixel & mask) >>> shift) * 255) / most);
}

function truncated(): Error {
  return new Error('the file is truncated');
}
