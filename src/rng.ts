/**
 * Counter-based random numbers: Philox4x32-10. Salmon et al., "Parallel Random Numbers: As Easy as
 * 1, 2, 3", SC 2011. A draw is a function of (key, counter) alone, so that nothing depends on the
 * order or number of workers, and the device can draw the same numbers (native/common/philox.h).
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

export type Words4 = [number, number, number, number];

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** Four unsigned 32-bit numbers for a counter of four and a key of two 32-bit words. */
export function philox4x32(counter: Readonly<Words4>, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0 >>> 0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2 >>> 0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** What a stream of random numbers is for; each purpose is independent of the others. */
export const PURPOSES = {
  order: 1,
  augment: 2,
  weights: 3,
  dropout: 4,
  subset: 5,
  box: 6,
  colour: 7,
  policy: 8,
  jitter: 9,
  erase: 10,
  mixing: 11,
} as const;
export type Purpose = keyof typeof PURPOSES;

export interface Random {
  /** An unsigned 32-bit number. */
  word(): number;
  /** A number in [0, 1). */
  uniform(): number;
  /** A whole number in [0, bound). */
  below(bound: number): number;
  /** A draw from the normal distribution N(0, 1). */
  normal(): number;
}

/** A stream of random numbers that depends on the seed, the purpose and up to three indices alone. */
export function random(seed: number, purpose: Purpose, first = 0, second = 0, third = 0): Random {
  const key: [number, number] = [seed >>> 0, PURPOSES[purpose]];
  let block = 0;
  let words: Words4 = [0, 0, 0, 0];
  let used = 4;
  function word(): number {
    if (used === 4) {
      words = philox4x32([block++, first >>> 0, second >>> 0, third >>> 0], key);
      used = 0;
    }
    return words[used++] as number;
  }
  const uniform = () => word() / 2 ** 32;
  return {
    word,
    uniform,
    below: (bound) => Math.floor(uniform() * bound),
    // Box-Muller; 1 - u is never 0.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** The numbers 0 … count - 1 in an order that depends on the seed and the epoch alone. */
export function shuffledIndices(count: number, seed: number, epoch: number): Int32Array {
  const indices = Int32Array.from({ length: count }, (_, index) => index);
  const draw = random(seed, 'order', epoch);
  for (let last = count - 1; last > 0; last--) {
    const other = draw.below(last + 1);
    [indices[last], indices[other]] = [indices[other] as number, indices[last] as number];
  }
  return indices;
}
