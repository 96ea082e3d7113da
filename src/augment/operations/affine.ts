import type { Operation } from './operations.js';

/**
 * Where each pixel of the result comes from: the matrices that torchvision gives to Pillow, in the
 * same order of sums, so that borders fall on the same pixels.
 */

/** Along x by `shear` for each pixel down, about the corner. */
export function shearX(shear: number): Operation {
  return affine([1, tangent(shear), 0, 0, 1, 0]);
}

/** Along y by `shear` for each pixel across. */
export function shearY(shear: number): Operation {
  return affine([1, 0, 0, tangent(shear), 1, 0]);
}

/** By whole pixels, to the right and down. */
export function translate(right: number, down: number, size: number): Operation {
  const centre = size * 0.5;
  return affine([1, 0, -centre - right + centre, 0, 1, -centre - down + centre]);
}

/** Counterclockwise about the centre. */
export function rotate(degrees: number, size: number): Operation[] {
  const angle = ((degrees % 360) + 360) % 360;
  if (angle === 0) return [];
  const radians = -(angle * (Math.PI / 180));
  // Pillow rounds them to 15 digits.
  const [cos, sin] = [round(Math.cos(radians)), round(Math.sin(radians))];
  const centre = size / 2;
  const x = cos * -centre + sin * -centre + centre;
  const y = -sin * -centre + cos * -centre + centre;
  return [affine([cos, sin, x, -sin, cos, y])];
}

export interface Distortion {
  /** Shares of the side by which the image moves right and down. */
  readonly right: number;
  readonly down: number;
  /** Its size by its own. */
  readonly scale: number;
  /** Its width by its own, and its height by the inverse. */
  readonly squeeze: number;
  /** Pixels to the left for each one down. */
  readonly shear: number;
}

/** All of them at once, about the centre. */
export function distort(
  { right, down, scale, squeeze, shear }: Distortion,
  size: number,
): Operation {
  const [x, y] = [size * (0.5 + right), size * (0.5 + down)];
  const [across, along] = [1 / (scale * squeeze), squeeze / scale];
  const centre = size / 2;
  return affine([
    ...[across, shear, centre - across * x - shear * y],
    ...[0, along, centre - along * y],
  ]);
}

function affine(values: readonly number[]): Operation {
  return { kind: 'Affine', values };
}

/** torchvision takes a shear through its angle in degrees. */
function tangent(shear: number): number {
  const degrees = Math.atan(shear) * (180 / Math.PI);
  return Math.tan(degrees * (Math.PI / 180));
}

function round(value: number): number {
  return Number(value.toFixed(15));
}
