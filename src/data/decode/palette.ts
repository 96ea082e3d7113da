/** Images whose pixels are indices into a list of colours. */
import type { Image } from '../../augment/index.js';

/**
 * (256, 3) the colours of a file; those that it does not name are grey levels, as Pillow has them.
 */
export function paletteOf(colours: Iterable<number> = []): Uint8Array {
  const palette = Uint8Array.from({ length: 768 }, (_, at) => Math.floor(at / 3));
  let at = 0;
  for (const level of colours) {
    if (at === palette.length) break;
    palette[at++] = level;
  }
  return palette;
}

/** The image of (height, width) indices, of one channel where all colours are grey. */
export function imageOfIndices(
  indices: Uint8Array,
  palette: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Image {
  if (isGreyPalette(palette)) {
    const data = indices.map((index) => palette[3 * index] as number);
    return { data, width, height, channels: 1 };
  }
  const data = new Uint8Array(3 * indices.length);
  let at = 0;
  for (const index of indices) {
    data[at++] = palette[3 * index] as number;
    data[at++] = palette[3 * index + 1] as number;
    data[at++] = palette[3 * index + 2] as number;
  }
  return { data, width, height, channels: 3 };
}

export function isGreyPalette(palette: Uint8Array): boolean {
  for (let at = 0; at < palette.length; at += 3) {
    if (palette[at] !== palette[at + 1] || palette[at] !== palette[at + 2]) return false;
  }
  return true;
}
