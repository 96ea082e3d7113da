/**
 * Reads and writes the PNG files that small datasets are made of: 8 bits, grey or RGB, not
 * interlaced. libvips takes 0.7 ms of a core for a 28×28 image, nearly all of it to set up its
 * pipeline; this takes 0.02 ms, so that the first epoch of MNIST lasts seconds instead of a minute.
 * Every other PNG goes to sharp.
 * https://www.w3.org/TR/png-3/
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import type { Image } from '../../augment/index.js';
import { printable } from '../../system/file-names.js';
import { AS_PILLOW, checkPixels, type DecodeOptions } from './decode-options.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOUR_TYPES: Readonly<Record<number, 1 | 3>> = { 0: 1, 2: 3 };

/**
 * The image in a PNG file, or undefined where sharp has to read it. Throws if it is damaged or too
 * large.
 */
export function decodePng(file: Buffer, reading: DecodeOptions = AS_PILLOW): Image | undefined {
  if (!file.subarray(0, 8).equals(SIGNATURE) || file.length < 33) return undefined;
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const channels = COLOUR_TYPES[file[25] as number];
  const plain = file[24] === 8 && file[28] === 0 && width * height > 0;
  if (channels === undefined || !plain) return undefined;
  checkPixels(width, height, reading);
  const stride = width * channels;
  const length = (stride + 1) * height;
  const lines = inflateSync(joinData(file), {
    chunkSize: Math.max(64, length),
    maxOutputLength: length,
  });
  if (lines.length < length) throw new Error('the image data ends early');
  const data = new Uint8Array(stride * height);
  for (let row = 0; row < height; row++) restoreRow(lines, data, row, stride, channels);
  return { data, width, height, channels };
}

/** A PNG file of the image. */
export function encodePng(image: Image): Buffer {
  const { data, width, height, channels } = image;
  const stride = width * channels;
  const lines = Buffer.alloc((stride + 1) * height);
  for (let row = 0; row < height; row++) {
    lines.set(data.subarray(row * stride, (row + 1) * stride), row * (stride + 1) + 1);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = channels === 1 ? 0 : 2;
  // The small window suits small images: allocating zlib's full one takes longer than packing.
  const packed = deflateSync(lines, lines.length < 4096 ? { windowBits: 10, memLevel: 4 } : {});
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', packed),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

/** The IDAT chunks in one piece, every checksum on the way compared. */
function joinData(file: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 12 + file.readUInt32BE(at);
    if (end > file.length) break;
    const type = file.toString('latin1', at + 4, at + 8);
    if (crc32(file.subarray(at + 4, end - 4)) !== file.readUInt32BE(end - 4)) {
      throw new Error(`the checksum of its ${printable(type)} chunk is wrong`);
    }
    if (type === 'IEND') return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    if (type === 'IDAT') parts.push(file.subarray(at + 8, end - 4));
    at = end;
  }
  throw new Error('the file is truncated');
}

/** Undoes the filter of one line (PNG section 9); `lines` has a filter byte before each line. */
function restoreRow(
  lines: Buffer,
  data: Uint8Array,
  row: number,
  stride: number,
  channels: number,
): void {
  const from = row * (stride + 1) + 1;
  const to = row * stride;
  const filter = lines[from - 1] as number;
  if (filter === 0) {
    data.set(lines.subarray(from, from + stride), to);
    return;
  }
  if (filter > 4) throw new Error(`line ${row} has the unknown filter ${filter}`);
  for (let column = 0; column < stride; column++) {
    const hasLeft = column >= channels;
    const left = hasLeft ? (data[to + column - channels] as number) : 0;
    const above = row > 0 ? (data[to + column - stride] as number) : 0;
    const corner = row > 0 && hasLeft ? (data[to + column - stride - channels] as number) : 0;
    let predicted = left;
    if (filter === 2) predicted = above;
    else if (filter === 3) predicted = (left + above) >> 1;
    else if (filter === 4) predicted = paeth(left, above, corner);
    data[to + column] = (lines[from + column] as number) + predicted;
  }
}

function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
