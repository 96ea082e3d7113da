/** How certain an accuracy is, and whether one differs from another by more than chance. */

/** The 97.5 % point of the standard normal distribution: 95 % are within it on both sides. */
const Z95 = 1.959963984540054;

/** Bounds in percent. */
export type Interval = readonly [low: number, high: number];

/** Wilson's 95 % interval of a share, in percent; E. B. Wilson, 1927. Of nothing it is all. */
export function wilson(hits: number, count: number): Interval {
  if (count === 0) return [0, 100];
  const share = hits / count;
  const z2 = Z95 ** 2;
  const centre = share + z2 / (2 * count);
  const spread = Z95 * Math.sqrt((share * (1 - share) + z2 / (4 * count)) / count);
  const bound = (value: number) => Math.min(100, Math.max(0, (100 * value) / (1 + z2 / count)));
  return [hits === 0 ? 0 : bound(centre - spread), hits === count ? 100 : bound(centre + spread)];
}

/** McNemar's test of two networks on the same images. */
export interface McNemar {
  /** Images that only the first, and only the second, has right. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided, of the exact binomial distribution. */
  readonly p: number;
  /** The same with half the probability of the outcome itself; Fagerland et al., 2013. */
  readonly midP: number;
}

/** The exact test: without a difference each image that they disagree on is a toss of a coin. */
export function mcnemar(onlyFirst: number, onlySecond: number): McNemar {
  const count = onlyFirst + onlySecond;
  if (count === 0) return { onlyFirst, onlySecond, p: 1, midP: 1 };
  const least = Math.min(onlyFirst, onlySecond);
  // log of C(count, k) / 2^count, term by term: the powers of 2 alone would underflow.
  let log = -count * Math.LN2;
  let tail = Math.exp(log);
  for (let k = 1; k <= least; k++) {
    log += Math.log((count - k + 1) / k);
    tail += Math.exp(log);
  }
  const even = onlyFirst === onlySecond;
  const p = even ? 1 : Math.min(1, 2 * tail);
  return { onlyFirst, onlySecond, p, midP: p - (even ? 0.5 : 1) * Math.exp(log) };
}

/**
 * The second accuracy less the first, in percent, with its 95 % interval for paired images; Agresti
 * and Min, 2005.
 */
export function pairedDifference(
  onlyFirst: number,
  onlySecond: number,
  count: number,
): { readonly difference: number; readonly interval: Interval } {
  if (count === 0) return { difference: 0, interval: [-100, 100] };
  const total = count + 2;
  const shift = (onlySecond - onlyFirst) / total;
  const spread =
    (Z95 * Math.sqrt((onlyFirst + onlySecond + 1) / total - shift ** 2)) / Math.sqrt(total);
  const difference = (100 * (onlySecond - onlyFirst)) / count;
  return { difference, interval: [100 * (shift - spread), 100 * (shift + spread)] };
}
