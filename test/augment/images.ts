import type { Image, Window } from '../../src/augment/index.js';

/** Pixel (row, column) of channel c has the value 1 + 10·row + column + 100·c. */
export function numbered(width: number, height: number, channels: 1 | 3): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return 1 + 10 * Math.floor(pixel / width) + (pixel % width) + 100 * (i % channels);
  });
  return { data, width, height, channels };
}

/** Bytes of every level without a pattern that a filter could hide. */
export function patterned(width: number, height: number, channels: 1 | 3): Image {
  const length = width * height * channels;
  const data = Uint8Array.from({ length }, (_, i) => (i * i * 7 + i * 13) % 251);
  return { data, width, height, channels };
}

/** The window that shows all of an image at another size. */
export function wholeImage(
  { width, height }: Pick<Image, 'width' | 'height'>,
  outWidth: number,
  outHeight: number,
): Window {
  const box = { left: 0, top: 0, width, height, clipped: false };
  return { ...box, outLeft: 0, outTop: 0, outWidth, outHeight };
}
