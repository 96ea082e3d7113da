/**
 * A drawing as MNIST has digits: in a box of 20×20 pixels whose ratio is kept, with its centre of
 * mass in the middle of 28×28. LeCun et al., 1998, section III.A.
 */
import { resample } from '../../augment/resample.js';

/** The side of a digit's image, and of the box that the digit fills. */
export const DIGIT_SIDE = 28;
const BOX_SIDE = 20;

interface Ink {
  /** (height, width), 0 for paper, 255 for ink. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** (28, 28), white on black; undefined where nothing is drawn. */
export function centredDigit(ink: Ink): Uint8Array | undefined {
  const box = boxOf(ink);
  if (box === undefined) return undefined;
  const scale = BOX_SIDE / Math.max(box.width, box.height);
  const outWidth = Math.max(1, Math.round(box.width * scale));
  const outHeight = Math.max(1, Math.round(box.height * scale));
  const place = { outLeft: 0, outTop: 0, outWidth, outHeight };
  const { data } = resample({ ...ink, channels: 1 }, { ...box, clipped: true, ...place });
  const left = offsetOf(data, outWidth, (at) => at % outWidth);
  const top = offsetOf(data, outHeight, (at) => Math.floor(at / outWidth));
  const digit = new Uint8Array(DIGIT_SIDE * DIGIT_SIDE);
  for (let row = 0; row < outHeight; row++) {
    const line = data.subarray(row * outWidth, (row + 1) * outWidth);
    digit.set(line, (top + row) * DIGIT_SIDE + left);
  }
  return digit;
}

/** The least box with all ink. */
function boxOf({ data, width }: Ink) {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (const [at, value] of data.entries()) {
    if (value === 0) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    if (top < 0) top = y;
    bottom = y;
  }
  if (right < 0) return undefined;
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Where the digit begins on one axis, so that its centre of mass is in the middle. */
function offsetOf(data: Uint8Array, length: number, position: (at: number) => number): number {
  let [mass, moment] = [0, 0];
  for (const [at, value] of data.entries()) {
    mass += value;
    moment += value * position(at);
  }
  const middle = (DIGIT_SIDE - 1) / 2;
  const offset = Math.round(middle - moment / mass);
  return Math.max(0, Math.min(DIGIT_SIDE - length, offset));
}
