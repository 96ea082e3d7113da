/** Whether two images show the same, whatever their scale, compression and brightness. */
import sharp from 'sharp';
import type { Image } from '../../augment/index.js';

/** What an image is compared by. */
export interface Likeness {
  /**
   * Which of the lowest frequencies of its cosine transform are above their median: 64 bits as two
   * numbers of 32.
   */
  readonly hash: readonly [number, number];
  /** (SMALL, SMALL) levels. */
  readonly grey: Uint8Array;
}

/** Side of the grey image that is transformed, of the square of frequencies, and of what is kept. */
const SIDE = 32;
const KEPT = 8;
const SMALL = 16;

/** Hashes of 64 bits that differ in more are of different images. */
export const MOST_BITS = 4;
/** Digits have the same hash where their small images still differ. */
const LEAST_CORRELATION = 0.95;

const COSINES = Array.from({ length: KEPT }, (_, frequency) =>
  Float64Array.from({ length: SIDE }, (_, at) => {
    return Math.cos((Math.PI * frequency * (2 * at + 1)) / (2 * SIDE));
  }),
);

export async function likenessOf({ data, width, height, channels }: Image): Promise<Likeness> {
  const grey = await sharp(data, { raw: { width, height, channels } })
    .toColourspace('b-w')
    .resize(SIDE, SIDE, { fit: 'fill' })
    .raw()
    .toBuffer();
  const values = lowFrequencies(grey);
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  const median = ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
  const hash: [number, number] = [0, 0];
  for (const [at, value] of values.entries()) {
    if (value > median) hash[at >> 5] = ((hash[at >> 5] as number) | (1 << (at & 31))) >>> 0;
  }
  return { hash, grey: halved(grey) };
}

function lowFrequencies(grey: Uint8Array): number[] {
  const rows = Array.from({ length: SIDE }, (_, y) =>
    COSINES.map((cosines) => {
      return cosines.reduce((sum, cosine, x) => sum + cosine * (grey[y * SIDE + x] as number), 0);
    }),
  );
  return COSINES.flatMap((cosines) =>
    COSINES.map((_, across) => {
      return cosines.reduce((sum, cosine, y) => sum + cosine * (rows[y]?.[across] as number), 0);
    }),
  );
}

/** The means of 2×2 levels. */
function halved(grey: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: SMALL * SMALL }, (_, at) => {
    const first = 2 * Math.floor(at / SMALL) * SIDE + 2 * (at % SMALL);
    const levels = [first, first + 1, first + SIDE, first + SIDE + 1];
    return levels.reduce((sum, place) => sum + (grey[place] as number), 0) / levels.length;
  });
}

/** Whether two images look the same; those of one level alone look like no other. */
export function lookAlike(a: Likeness, b: Likeness): boolean {
  return distance(a.hash, b.hash) <= MOST_BITS && correlation(a.grey, b.grey) >= LEAST_CORRELATION;
}

/** In how many bits two hashes differ. */
export function distance(a: Likeness['hash'], b: Likeness['hash']): number {
  return ones(a[0] ^ b[0]) + ones(a[1] ^ b[1]);
}

function ones(word: number): number {
  let bits = word;
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function correlation(a: Uint8Array, b: Uint8Array): number {
  const mean = (levels: Uint8Array) =>
    levels.reduce((sum, level) => sum + level, 0) / levels.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, squareA, squareB] = [0, 0, 0];
  for (const [at, level] of a.entries()) {
    const [x, y] = [level - meanA, (b[at] as number) - meanB];
    both += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA * squareB === 0 ? 0 : both / Math.sqrt(squareA * squareB);
}
