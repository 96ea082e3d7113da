/** Images that are stored as they are in memory, one byte for each level. */
import type { Image } from '../../augment/index.js';
import type { PixelForm } from '../dataset.js';

/** The image that stored pixels show. */
export function imageFromPixels(bytes: Uint8Array, form: PixelForm): Image {
  const { width, height, channels, order } = form;
  if (bytes.length !== width * height * channels) {
    throw new Error(
      `its ${bytes.length} bytes are not the pixels of a ${width}×${height}×${channels} image`,
    );
  }
  const [row, column, channel] = strides(form);
  if (order === 'rows') return { data: bytes, width, height, channels };
  const data = new Uint8Array(bytes.length);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        data[at++] = bytes[y * row + x * column + c * channel] as number;
      }
    }
  }
  return { data, width, height, channels };
}

/** Bytes from a level to that of the next row, column and channel. */
function strides({ width, height, channels, order }: PixelForm): [number, number, number] {
  switch (order) {
    case 'planes':
      return [width, 1, width * height];
    case 'rows':
      return [width * channels, channels, 1];
    case 'columns':
      return [channels, height * channels, 1];
  }
}
