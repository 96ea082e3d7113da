import type { ArchOption } from './table.js';

/** Makes a network narrow: the width multiplier of MobileNet's paper (Howard et al., 2017). */
export const WIDTH = {
  about: 'multiplies the filters and hidden units of every layer, rounded to multiples of 4',
  atLeast: 0.01,
  atMost: 8,
  default: 1,
} as const satisfies ArchOption;

/** So many filters or units at this width. Two groups can share every multiple of 4. */
export function scaled(count: number, width: number): number {
  return width === 1 ? count : Math.max(4, 4 * Math.round((count * width) / 4));
}
