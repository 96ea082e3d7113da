import { random } from '../rng.js';
import type { Transform } from './transform.js';

/** What chance decides about one picture; fractions are in [0, 1). */
export interface Draws {
  /** Where it is cut. */
  readonly x: number;
  readonly y: number;
  readonly mirror: boolean;
  /** Which short side it is brought to. */
  readonly short: number;
  /** Crop `area`: share of the area and aspect of each try. */
  readonly tries: readonly (readonly [area: number, aspect: number])[];
}

const UNMOVED: Draws = { x: 0, y: 0, mirror: false, short: 0, tries: [] };

/** Tries of torchvision's RandomResizedCrop before it takes the centre. */
const TRIES = 10;

/**
 * The draws for picture `index` of the split in `epoch`. They are always made in the same order, so
 * that turning one transform off leaves the others as they were.
 */
export function drawAugmentation(
  transform: Transform,
  seed: number,
  epoch: number,
  index: number,
): Draws {
  const { crop, mirror, resize } = transform;
  if (crop === 'centre' && !mirror && typeof resize === 'number') return UNMOVED;
  const draw = random(seed, 'augment', epoch, index);
  const x = draw.uniform();
  const y = draw.uniform();
  const mirrored = draw.uniform() < 0.5 && mirror;
  const short = draw.uniform();
  const tries = Array.from(
    { length: crop === 'area' ? TRIES : 0 },
    () => [draw.uniform(), draw.uniform()] as const,
  );
  return { x, y, mirror: mirrored, short, tries };
}
