/** How the colours of images are normalised. */
export interface Colours {
  /** In [0, 1] units, one number or one for each channel; grey images take the mean of three. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** One number per channel: grey takes the mean of RGB, RGB repeats grey. */
export function perChannel(values: readonly number[], channels: number): number[] {
  if (values.length === channels) return [...values];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return new Array<number>(channels).fill(mean);
}
