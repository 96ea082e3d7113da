import type { Transform } from './transform.js';

/** Decoded bytes (height, width, channels), 0..255. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Top left corner of a crop in the coordinates of the picture; negative where padding begins. */
export interface Window {
  readonly left: number;
  readonly top: number;
}

/** Where the crop lies in a resized picture; x and y in [0, 1) choose among all random places. */
export function cropWindow(
  transform: Transform,
  width: number,
  height: number,
  x: number,
  y: number,
): Window {
  const { crop, size, pad } = transform;
  if (crop === 'centre') {
    return { left: roundHalfEven((width - size) / 2), top: roundHalfEven((height - size) / 2) };
  }
  return {
    left: Math.floor(x * (width + 2 * pad - size + 1)) - pad,
    top: Math.floor(y * (height + 2 * pad - size + 1)) - pad,
  };
}

/**
 * Copies the size × size window of `picture` to `target` (size, size, channels). What lies outside
 * the picture becomes zero; grey is repeated to RGB, RGB becomes grey by ITU-R 601 as in PIL.
 */
export function copyWindow(
  picture: Picture,
  window: Window,
  size: number,
  target: Uint8Array,
  channels: 1 | 3,
): void {
  const firstRow = Math.max(0, -window.top);
  const lastRow = Math.min(size, picture.height - window.top);
  const firstColumn = Math.max(0, -window.left);
  const lastColumn = Math.min(size, picture.width - window.left);
  if (firstRow > 0 || firstColumn > 0 || lastRow < size || lastColumn < size) target.fill(0);
  const count = lastColumn - firstColumn;
  for (let row = firstRow; row < lastRow; row++) {
    const from = (window.top + row) * picture.width + window.left + firstColumn;
    const to = row * size + firstColumn;
    copyPixels(picture, from, target, to, channels, count);
  }
}

/** Copies `count` pixels of one row; `from` and `to` count pixels. */
function copyPixels(
  picture: Picture,
  from: number,
  target: Uint8Array,
  to: number,
  channels: 1 | 3,
  count: number,
): void {
  const { data } = picture;
  if (picture.channels === channels) {
    target.set(data.subarray(from * channels, (from + count) * channels), to * channels);
  } else if (channels === 3) {
    for (let pixel = 0, out = to * 3; pixel < count; pixel++, out += 3) {
      const grey = data[from + pixel] as number;
      target[out] = grey;
      target[out + 1] = grey;
      target[out + 2] = grey;
    }
  } else {
    for (let pixel = 0, at = from * 3; pixel < count; pixel++, at += 3) {
      target[to + pixel] = luma(data[at] as number, data[at + 1] as number, data[at + 2] as number);
    }
  }
}

/** PIL's convert("L"): 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point. */
function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** Rounds as Python's round does, which torchvision's CenterCrop uses. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
