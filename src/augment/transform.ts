import { UsageError } from '../errors.js';
import type { ColourJitter } from './operations/jitter.js';
import type { Policy } from './operations/policies.js';

/**
 * How an image becomes the input of a network. Plain data: it is stored in run.json and sent to
 * the decoding threads.
 */
export interface Transform {
  /**
   * The short side in pixels after resizing (bilinear with antialias, ratio kept); a pair is VGG's
   * scale jitter, uniform over the whole numbers from the first to the second. Crop `area` does not
   * use it.
   */
  readonly resize: number | readonly [least: number, most: number];
  /** `area` crops a box of random area and aspect and resizes it to the square (Inception). */
  readonly crop: 'random' | 'centre' | 'area';
  /** Crop `area`: bounds of the box's share of the image's area; Inception's where absent. */
  readonly area?: readonly [least: number, most: number];
  /** Crop `area`: bounds of width / height of the box; Inception's where absent. */
  readonly aspect?: readonly [least: number, most: number];
  /** Side of the crop in pixels. */
  readonly size: number;
  /** Probability of mirroring left to right. */
  readonly mirror: number;
  /** Zero pixels put around the resized image before the crop, on each side. */
  readonly pad: number;
  /**
   * Deviation of the PCA colour offsets, 0 or absent for none. Krizhevsky et al., 2012, section
   * 4.1, have 0.1.
   */
  readonly colour?: number;
  /** What is done to the pixels after the crop, in this order. */
  readonly auto?: Policy;
  readonly jitter?: ColourJitter;
  /** Probability that a box is erased in the end; 0 or absent for none. */
  readonly erase?: number;
}

/** Inception's bounds, as in torchvision's RandomResizedCrop. */
export const INCEPTION_AREA = [0.08, 1] as const;
export const INCEPTION_ASPECT = [3 / 4, 4 / 3] as const;

/** Throws a UsageError unless every crop is inside the padded image. */
export function checkTransform(transform: Transform): void {
  const { resize, size, pad, crop, mirror, colour = 0 } = transform;
  const [least, most] = typeof resize === 'number' ? [resize, resize] : resize;
  for (const [name, value, from] of [
    ['resize', least, 1],
    ['resize', most, least],
    ['size', size, 1],
    ['pad', pad, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < from) {
      throw new UsageError(
        `Expected ${name} of the transform to be a whole number from ${from} but received ${value}.`,
      );
    }
  }
  if (!(mirror >= 0 && mirror <= 1)) {
    throw new UsageError(`Expected mirror to be a probability but received ${mirror}.`);
  }
  if (!(colour >= 0)) {
    throw new UsageError(`Expected colour to be a deviation of at least 0 but received ${colour}.`);
  }
  checkRange('area', transform.area ?? INCEPTION_AREA, 1);
  checkRange('aspect', transform.aspect ?? INCEPTION_ASPECT, Number.POSITIVE_INFINITY);
  if (crop !== 'area' && size > least + 2 * pad) {
    throw new UsageError(
      `A crop of ${size} pixels does not fit an image resized to ${least} with ${pad} pixels of padding: resize to at least ${size - 2 * pad}.`,
    );
  }
}

function checkRange(name: string, [least, most]: readonly [number, number], bound: number): void {
  if (least > 0 && least <= most && most <= bound) return;
  throw new UsageError(
    `Expected ${name} of the transform to be two numbers above 0, the least first${bound === 1 ? ', up to 1' : ''}, but received ${least} and ${most}.`,
  );
}
