import { random } from '../rng.js';
import type { Transform } from './transform.js';

/** What chance decides about one picture: where it is cut, as fractions in [0, 1), and the mirror. */
export interface Draws {
  readonly x: number;
  readonly y: number;
  readonly mirror: boolean;
}

const UNMOVED: Draws = { x: 0, y: 0, mirror: false };

/**
 * The draws for picture `index` of the split in `epoch`. Always three in the same order, so that
 * turning one transform off leaves the others as they were.
 */
export function drawAugmentation(
  transform: Transform,
  seed: number,
  epoch: number,
  index: number,
): Draws {
  if (transform.crop === 'centre' && !transform.mirror) return UNMOVED;
  const draw = random(seed, 'augment', epoch, index);
  const x = draw.uniform();
  const y = draw.uniform();
  return { x, y, mirror: draw.uniform() < 0.5 && transform.mirror };
}
