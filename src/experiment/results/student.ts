/** Means of few values, and how certain they are. */

export interface Spread {
  readonly n: number;
  readonly mean: number;
  /** Of the sample; undefined for one value. */
  readonly deviation: number | undefined;
}

/** Undefined for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const n = values.length;
  if (n === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, deviation: undefined };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, deviation: Math.sqrt(squares / (n - 1)) };
}

/** The 95 % interval of a mean by Student's t; undefined for one value. */
export function meanInterval({
  n,
  mean,
  deviation,
}: Spread): readonly [number, number] | undefined {
  if (deviation === undefined) return undefined;
  const reach = (studentQuantile(n - 1) * deviation) / Math.sqrt(n);
  return [mean - reach, mean + reach];
}

/** The point within which, on both sides of 0, 95 % of Student's t with these degrees of freedom are. */
export function studentQuantile(freedom: number, share = 0.95): number {
  let [low, high] = [0, 1];
  while (studentShare(high, freedom) < share) high *= 2;
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (studentShare(middle, freedom) < share) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The share of Student's t from -t to t, whose degrees of freedom are a whole number; Abramowitz and
 * Stegun, 26.7.3 and 26.7.4.
 */
export function studentShare(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = freedom % 2 === 1;
  let [term, sum] = isOdd ? [cosine, freedom > 1 ? cosine : 0] : [1, 1];
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= (cosine ** 2 * (k - 1)) / k;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
