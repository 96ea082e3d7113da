import { type Random, random } from '../rng.js';
import type { Transform } from './transform.js';

/** The random choices for one image; fractions are in [0, 1). */
export interface Draws {
  /** The position of the crop. */
  readonly x: number;
  readonly y: number;
  readonly mirror: boolean;
  /** Its short side after resizing. */
  readonly short: number;
  /** Crop `area`: share of the area and aspect of each try. */
  readonly tries: readonly (readonly [area: number, aspect: number])[];
  /** Factors of the three principal colours, from N(0, 1); empty where colours do not change. */
  readonly colour: readonly number[];
}

const UNMOVED: Draws = { x: 0, y: 0, mirror: false, short: 0, tries: [], colour: [] };

/** Tries of torchvision's RandomResizedCrop before it takes the centre. */
const TRIES = 10;

/**
 * The draws for image `index` of the split in `epoch`. Each is made whether it is used or not, or
 * from a stream of its own, so that turning one transform off leaves the others as they were.
 */
export function drawAugmentation(
  transform: Transform,
  seed: number,
  epoch: number,
  index: number,
): Draws {
  const { crop, mirror, resize, colour = 0 } = transform;
  if (crop === 'centre' && mirror === 0 && typeof resize === 'number' && colour === 0)
    return UNMOVED;
  const draw = random(seed, 'augment', epoch, index);
  return {
    x: draw.uniform(),
    y: draw.uniform(),
    mirror: draw.uniform() < mirror,
    short: draw.uniform(),
    tries: crop === 'area' ? drawTries(random(seed, 'box', epoch, index)) : [],
    colour: colour > 0 ? drawColour(random(seed, 'colour', epoch, index)) : [],
  };
}

function drawTries(draw: Random): Draws['tries'] {
  return Array.from({ length: TRIES }, () => [draw.uniform(), draw.uniform()]);
}

function drawColour(draw: Random): number[] {
  return [draw.normal(), draw.normal(), draw.normal()];
}
