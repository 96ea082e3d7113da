import type { Window } from '../../augment/index.js';

/** The numbers of an image that the addon reads and writes: `JpegRecord` in native/jpeg/pool.h. */
export const RECORD_FIELDS = 14;
export const WIDTH = 2;
export const HEIGHT = 3;
const WINDOW = 4;

/** Fills in the image's size, its window and its slot. */
export function placeWindow(
  record: Float64Array,
  image: { readonly width: number; readonly height: number },
  window: Window,
  slot = 0,
): void {
  const { left, top, width, height, clipped, outLeft, outTop, outWidth, outHeight } = window;
  record[WIDTH] = image.width;
  record[HEIGHT] = image.height;
  const box = [left, top, width, height, Number(clipped)];
  record.set([...box, outLeft, outTop, outWidth, outHeight, slot], WINDOW);
}
