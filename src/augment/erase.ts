import type { Random } from '../rng.js';
import { roundHalfEven } from './round.js';

/** A rectangle of an image: columns from left to right, rows from top to bottom, ends excluded. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Zhong et al., 2017, as in torchvision's RandomErasing. */
const SHARE = [0.02, 0.33] as const;
const ASPECT = [0.3, 3.3] as const;
const TRIES = 10;

/**
 * The box that is erased in an image of `size` × `size` pixels with this probability: the first of
 * ten tries that is smaller than the image.
 */
export function drawErased(probability: number, size: number, draw: Random): Box | undefined {
  if (draw.uniform() >= probability) return undefined;
  const between = ([least, most]: readonly [number, number]) =>
    least + (most - least) * draw.uniform();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pixels = size * size * between(SHARE);
    const aspect = Math.exp(between([Math.log(ASPECT[0]), Math.log(ASPECT[1])]));
    const height = roundHalfEven(Math.sqrt(pixels * aspect));
    const width = roundHalfEven(Math.sqrt(pixels / aspect));
    if (height >= size || width >= size) continue;
    const top = draw.below(size - height + 1);
    const left = draw.below(size - width + 1);
    return { left, top, right: left + width, bottom: top + height };
  }
  return undefined;
}
