import type { Picture } from './crop.js';

/** Bits after the point of the filter weights: what 8-bit pixels leave room for, as in PIL. */
const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/**
 * Width and height after the short side is brought to `short`. The long side is rounded down, as
 * torchvision.transforms.Resize does.
 */
export function resizedSize(
  width: number,
  height: number,
  short: number,
): { width: number; height: number } {
  return width <= height
    ? { width: short, height: Math.floor((short * height) / width) }
    : { width: Math.floor((short * width) / height), height: short };
}

/**
 * Resizes with a triangle filter that widens when shrinking (bilinear with antialias), bit for bit
 * as PIL's Image.resize(…, BILINEAR): rows first, 8 bits in between.
 */
export function resizePixels(picture: Picture, width: number, height: number): Picture {
  const { channels } = picture;
  const across = resizeAxis(picture.data, picture.height, picture.width, width, channels);
  const data = resizeAxis(across, 1, picture.height, height, width * channels);
  return { data, width, height, channels };
}

/** Resizes the middle axis of (outer, from, inner) to (outer, to, inner). */
function resizeAxis(
  source: Uint8Array,
  outer: number,
  from: number,
  to: number,
  inner: number,
): Uint8Array {
  if (from === to) return source;
  const filter = triangleFilter(from, to);
  const result = new Uint8Array(outer * to * inner);
  for (let block = 0; block < outer; block++) {
    for (let at = 0; at < to; at++) {
      const start = (block * from + (filter.first[at] as number)) * inner;
      const out = (block * to + at) * inner;
      if (filter.taps === 2) blendTwo(source, start, inner, filter, at, result, out);
      else blend(source, start, inner, filter, at, result, out);
    }
  }
  return result;
}

/** Writes the weighted sum of consecutive lines of `length` bytes for target `at`. */
function blend(
  source: Uint8Array,
  start: number,
  length: number,
  { weights, taps }: Filter,
  at: number,
  result: Uint8Array,
  out: number,
): void {
  for (let element = 0; element < length; element++) {
    let sum = HALF;
    let read = start + element;
    for (let tap = at * taps; tap < (at + 1) * taps; tap++) {
      sum = (sum + Math.imul(weights[tap] as number, source[read] as number)) | 0;
      read += length;
    }
    result[out + element] = sum >> PRECISION;
  }
}

/** The same for two lines, all that enlarging needs. */
function blendTwo(
  source: Uint8Array,
  start: number,
  length: number,
  { weights }: Filter,
  at: number,
  result: Uint8Array,
  out: number,
): void {
  const one = weights[2 * at] as number;
  const two = weights[2 * at + 1] as number;
  for (let element = 0; element < length; element++) {
    const read = start + element;
    const sum = Math.imul(one, source[read] as number) + HALF;
    result[out + element] = (sum + Math.imul(two, source[read + length] as number)) >> PRECISION;
  }
}

interface Filter {
  /** The first source position of each target position; all its taps lie inside the source. */
  readonly first: Int32Array;
  /** (to, taps) in fixed point; unused taps weigh 0. */
  readonly weights: Int32Array;
  readonly taps: number;
}

function triangleFilter(from: number, to: number): Filter {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const taps = Math.min(from, scale <= 1 ? 2 : Math.ceil(support) * 2 + 1);
  const first = new Int32Array(to);
  const weights = new Int32Array(to * taps);
  for (let at = 0; at < to; at++) {
    const centre = (at + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const row: number[] = [];
    for (let position = begin; position < end; position++) {
      row.push(Math.max(0, 1 - Math.abs((position + 0.5 - centre) / support)));
    }
    const sum = row.reduce((total, weight) => total + weight, 0);
    const start = Math.min(begin, from - taps);
    first[at] = start;
    for (const [tap, weight] of row.entries()) {
      weights[at * taps + begin - start + tap] = Math.trunc(0.5 + (weight / sum) * 2 ** PRECISION);
    }
  }
  return { first, weights, taps };
}
