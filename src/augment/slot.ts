import { type Image, resample } from './resample.js';
import type { Window } from './window.js';

/** Whether a window is a plain crop, pixel for pixel. */
export function isPlainCrop({ left, top, width, height, outWidth, outHeight }: Window): boolean {
  return (
    width === outWidth && height === outHeight && Number.isInteger(left) && Number.isInteger(top)
  );
}

/**
 * Writes a window of `image` to `target` (size, size, channels), with zeros around it. Grey is
 * repeated to RGB, RGB becomes grey by ITU-R 601 as in PIL.
 */
export function fillSlot(
  image: Image,
  window: Window,
  size: number,
  target: Uint8Array,
  channels: 1 | 3,
): void {
  const { outLeft, outTop, outWidth, outHeight } = window;
  if (outWidth < size || outHeight < size) target.fill(0);
  const plain = isPlainCrop(window);
  const shown = plain ? image : resample(image, window);
  const left = plain ? window.left : 0;
  const top = plain ? window.top : 0;
  for (let row = 0; row < outHeight; row++) {
    const from = (top + row) * shown.width + left;
    const to = (outTop + row) * size + outLeft;
    copyPixels(shown, from, target, to, channels, outWidth);
  }
}

/** Copies `count` pixels of one row; `from` and `to` count pixels. */
function copyPixels(
  image: Image,
  from: number,
  target: Uint8Array,
  to: number,
  channels: 1 | 3,
  count: number,
): void {
  const { data } = image;
  if (image.channels === channels) {
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
