import { type Purpose, type Random, random } from '../rng.js';
import { type Box, drawErased } from './erase.js';
import { drawJitter } from './operations/jitter.js';
import type { Operation } from './operations/operations.js';
import { drawPolicy } from './operations/policies.js';
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
  /**
   * What is done to the pixels after the crop; it includes mirroring where it is not empty, and
   * `mirror` is false then.
   */
  readonly operations: readonly Operation[];
  /** What is 0 in the end, after normalisation. */
  readonly erased?: Box;
}

const UNMOVED: Draws = {
  ...{ x: 0, y: 0, mirror: false, short: 0 },
  ...{ tries: [], colour: [], operations: [] },
};

/** Tries of torchvision's RandomResizedCrop before it takes the centre. */
const TRIES = 10;

/**
 * The draws for image `index` of the split in `epoch`, and of its copies where it is repeated. Each is
 * made whether it is used or not, or from a stream of its own, so that turning one transform off leaves
 * the others as they were.
 */
export function drawAugmentation(
  transform: Transform,
  seed: number,
  epoch: number,
  index: number,
  copy = 0,
): Draws {
  if (isStill(transform)) return UNMOVED;
  const { crop, mirror, size, colour = 0, erase = 0 } = transform;
  const stream = (purpose: Purpose) => random(seed, purpose, epoch, index, copy);
  const draw = stream('augment');
  const place = { x: draw.uniform(), y: draw.uniform() };
  const mirrored = draw.uniform() < mirror;
  const operations = drawOperations(transform, stream);
  const erased = erase > 0 ? drawErased(erase, size, stream('erase')) : undefined;
  const changed = operations.length > 0;
  return {
    ...place,
    mirror: mirrored && !changed,
    short: draw.uniform(),
    tries: crop === 'area' ? drawTries(stream('box')) : [],
    colour: colour > 0 ? drawColour(stream('colour')) : [],
    operations: mirrored && changed ? [MIRROR, ...operations] : operations,
    ...(erased && { erased }),
  };
}

const MIRROR: Operation = { kind: 'Mirror', values: [] };

/** Whether nothing of it is random. */
function isStill({
  crop,
  mirror,
  resize,
  colour = 0,
  erase = 0,
  auto,
  jitter,
}: Transform): boolean {
  return (
    crop === 'centre' &&
    mirror === 0 &&
    typeof resize === 'number' &&
    colour === 0 &&
    erase === 0 &&
    auto === undefined &&
    jitter === undefined
  );
}

function drawOperations(
  { auto, jitter, size }: Transform,
  stream: (purpose: Purpose) => Random,
): readonly Operation[] {
  if (auto === undefined && jitter === undefined) return [];
  return [
    ...(auto === undefined ? [] : drawPolicy(auto, size, stream('policy'))),
    ...(jitter === undefined ? [] : drawJitter(jitter, stream('jitter'))),
  ];
}

function drawTries(draw: Random): Draws['tries'] {
  return Array.from({ length: TRIES }, () => [draw.uniform(), draw.uniform()]);
}

function drawColour(draw: Random): number[] {
  return [draw.normal(), draw.normal(), draw.normal()];
}
