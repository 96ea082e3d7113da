import { resizedSize, type Window } from './window.js';

/** Decoded bytes (height, width, channels), 0..255. */
export interface Image {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Bits after the point of the filter weights: what 8-bit pixels leave room for, as in PIL. */
const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/**
 * The window's box as an image of outWidth × outHeight, by a triangle filter that widens when
 * shrinking (bilinear with antialias): bit for bit as PIL's Image.resize(…, BILINEAR), rows first,
 * 8 bits in between.
 */
export function resample(image: Image, window: Window): Image {
  const { clipped, outWidth, outHeight } = window;
  const columns = triangleFilter(window.left, window.width, outWidth, image.width, clipped);
  const rows = triangleFilter(window.top, window.height, outHeight, image.height, clipped);
  const firstRow = rows.first[0] as number;
  const lastRow = (rows.first[outHeight - 1] as number) + rows.taps;
  const across =
    image.channels === 1
      ? resampleGrey(image, columns, firstRow, lastRow)
      : resampleColour(image, columns, firstRow, lastRow);
  const data = resampleRows(across, outWidth * image.channels, rows);
  return { data, width: outWidth, height: outHeight, channels: image.channels };
}

/** The whole image with another short side, as torchvision's Resize makes it. */
export function resizeShortSide(image: Image, short: number): Image {
  const { width, height } = image;
  const to = resizedSize(width, height, short);
  const box = { left: 0, top: 0, width, height, clipped: false };
  const place = { outLeft: 0, outTop: 0, outWidth: to.width, outHeight: to.height };
  return resample(image, { ...box, ...place });
}

/** Resamples rows firstRow … lastRow - 1 of an image of one channel horizontally. */
function resampleGrey(
  { data, width }: Image,
  { first, weights, taps }: Filter,
  firstRow: number,
  lastRow: number,
): Uint8Array {
  const result = new Uint8Array((lastRow - firstRow) * first.length);
  for (let row = firstRow, out = 0; row < lastRow; row++) {
    for (let at = 0, tap = 0; at < first.length; at++) {
      let read = row * width + (first[at] as number);
      let sum = HALF;
      for (const end = tap + taps; tap < end; tap++) {
        sum += Math.imul(weights[tap] as number, data[read++] as number);
      }
      result[out++] = sum >> PRECISION;
    }
  }
  return result;
}

/** The same for three channels. */
function resampleColour(
  { data, width }: Image,
  { first, weights, taps }: Filter,
  firstRow: number,
  lastRow: number,
): Uint8Array {
  const result = new Uint8Array((lastRow - firstRow) * first.length * 3);
  for (let row = firstRow, out = 0; row < lastRow; row++) {
    for (let at = 0, tap = 0; at < first.length; at++) {
      let read = (row * width + (first[at] as number)) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (const end = tap + taps; tap < end; tap++) {
        const weight = weights[tap] as number;
        red += Math.imul(weight, data[read] as number);
        green += Math.imul(weight, data[read + 1] as number);
        blue += Math.imul(weight, data[read + 2] as number);
        read += 3;
      }
      result[out] = red >> PRECISION;
      result[out + 1] = green >> PRECISION;
      result[out + 2] = blue >> PRECISION;
      out += 3;
    }
  }
  return result;
}

/** Resamples rows of `length` bytes vertically; the first of them is the filter's first. */
function resampleRows(source: Uint8Array, length: number, filter: Filter): Uint8Array {
  const { first, weights, taps } = filter;
  const firstRow = first[0] as number;
  const result = new Uint8Array(first.length * length);
  const sums = new Int32Array(length);
  for (let at = 0; at < first.length; at++) {
    sums.fill(HALF);
    let read = ((first[at] as number) - firstRow) * length;
    for (let tap = at * taps; tap < (at + 1) * taps; tap++) {
      const weight = weights[tap] as number;
      for (let element = 0; element < length; element++) {
        sums[element] = (sums[element] as number) + Math.imul(weight, source[read++] as number);
      }
    }
    for (let element = 0, out = at * length; element < length; element++) {
      result[out++] = (sums[element] as number) >> PRECISION;
    }
  }
  return result;
}

interface Filter {
  /** The first source position of each target position; all its taps are inside the source. */
  readonly first: Int32Array;
  /** (targets, taps) in fixed point; unused taps weigh 0. */
  readonly weights: Int32Array;
  readonly taps: number;
}

/** The filter from [start, start + length) of `available` source positions to `to` targets. */
function triangleFilter(
  start: number,
  length: number,
  to: number,
  available: number,
  clipped: boolean,
): Filter {
  // A clipped box is a source of its own that begins at `offset` of the whole one.
  const offset = clipped ? start : 0;
  const from = clipped ? length : available;
  const scale = length / to;
  const support = Math.max(scale, 1);
  const centreOf = (at: number) => start - offset + (at + 0.5) * scale;
  const beginOf = (centre: number) => Math.max(0, Math.trunc(centre - support + 0.5));
  const endOf = (centre: number) => Math.min(from, Math.trunc(centre + support + 0.5));
  let taps = 0;
  for (let at = 0; at < to; at++) {
    const centre = centreOf(at);
    taps = Math.max(taps, endOf(centre) - beginOf(centre));
  }
  const first = new Int32Array(to);
  const weights = new Int32Array(to * taps);
  const row = new Float64Array(taps);
  for (let at = 0; at < to; at++) {
    const centre = centreOf(at);
    const begin = beginOf(centre);
    const end = endOf(centre);
    let sum = 0;
    for (let position = begin; position < end; position++) {
      const weight = Math.max(0, 1 - Math.abs((position + 0.5 - centre) / support));
      row[position - begin] = weight;
      sum += weight;
    }
    const firstTap = Math.min(begin, from - taps);
    first[at] = offset + firstTap;
    for (let position = begin; position < end; position++) {
      const share = (row[position - begin] as number) / sum;
      weights[at * taps + position - firstTap] = Math.trunc(0.5 + share * 2 ** PRECISION);
    }
  }
  return { first, weights, taps };
}
