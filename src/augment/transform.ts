import { UsageError } from '../errors.js';

/**
 * How a picture becomes the input of a network. Plain data: it is stored in run.json and sent to
 * the decoding threads.
 */
export interface Transform {
  /** The short side in pixels after resizing (bilinear with antialias, ratio kept). */
  readonly resize: number;
  readonly crop: 'random' | 'centre';
  /** Side of the square that is cut out, in pixels. */
  readonly size: number;
  /** Mirror every other picture left to right, by chance. */
  readonly mirror: boolean;
  /** Zero pixels put around the resized picture before the crop, on each side. */
  readonly pad: number;
}

/** Throws a UsageError unless every crop lies inside the padded picture. */
export function checkTransform(transform: Transform): void {
  const { resize, size, pad } = transform;
  for (const [name, value, least] of [
    ['resize', resize, 1],
    ['size', size, 1],
    ['pad', pad, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new UsageError(
        `Expected ${name} of the transform to be a whole number from ${least} but received ${value}.`,
      );
    }
  }
  if (size > resize + 2 * pad) {
    throw new UsageError(
      `A crop of ${size} pixels does not fit a picture resized to ${resize} with ${pad} pixels of padding: resize to at least ${size - 2 * pad}.`,
    );
  }
}
