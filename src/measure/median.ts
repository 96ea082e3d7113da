import { median as middle } from '../median.js';

/** The median of measurements; 0 of none. */
export function median(values: readonly number[]): number {
  return middle(values) ?? 0;
}
