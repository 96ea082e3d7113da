import type { Image } from '../../augment/index.js';

/**
 * For each EXIF orientation where the pixel at the top left comes from, and how far apart in the
 * source its neighbours to the right and below are, in pixels.
 */
const WAYS: Readonly<Record<number, (width: number, height: number) => readonly number[]>> = {
  2: (width) => [width - 1, -1, width],
  3: (width, height) => [width * height - 1, -1, -width],
  4: (width, height) => [width * (height - 1), 1, -width],
  5: (width) => [0, width, 1],
  6: (width, height) => [width * (height - 1), -width, 1],
  7: (width, height) => [width * height - 1, -width, -1],
  8: (width) => [width - 1, width, -1],
};

/** The image upright, by its EXIF orientation (1 to 8): Pillow's ImageOps.exif_transpose. */
export function turnUpright(image: Image, orientation: number): Image {
  const way = WAYS[orientation];
  if (way === undefined) return image;
  const { channels, data: source } = image;
  const [start = 0, right = 0, down = 0] = way(image.width, image.height);
  const across = orientation >= 5;
  const width = across ? image.height : image.width;
  const height = across ? image.width : image.height;
  const data = new Uint8Array(source.length);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0, from = start + y * down; x < width; x++, from += right) {
      for (let c = 0; c < channels; c++) data[out++] = source[from * channels + c] as number;
    }
  }
  return { data, width, height, channels };
}
