/** How an image becomes what the network sees: with the code that evaluates images elsewhere. */
import { cropWindow, drawAugmentation, fillSlot, type Image } from '../../../augment/index.js';
import type { Description } from '../../../export/description.js';
import type { RgbaImage } from '../messages.js';

/** (size, size, channels) of an image. Opacity is dropped, as by Pillow. */
export function seenBy({ input, resize }: Description, image: RgbaImage): Uint8Array {
  const channels = input.channels === 1 ? 1 : 3;
  const size = input.height;
  const { shortSide, padding: pad } = resize;
  const transform = { resize: shortSide, crop: 'centre', size, mirror: 0, pad } as const;
  const { width, height } = image;
  const window = cropWindow(transform, width, height, drawAugmentation(transform, 0, 0, 0));
  const target = new Uint8Array(size * size * channels);
  fillSlot(colours(image), window, size, target, channels);
  return target;
}

/** What the network takes for bytes that it sees. */
export function inputOf(
  { input, mean, std }: Pick<Description, 'input' | 'mean' | 'std'>,
  seen: Uint8Array,
): Float32Array | Int32Array {
  if (input.values.startsWith('pixels')) return Int32Array.from(seen);
  const { channels } = input;
  return Float32Array.from(seen, (byte, place) => {
    const channel = place % channels;
    return (byte / 255 - (mean[channel] as number)) / (std[channel] as number);
  });
}

function colours({ data, width, height }: RgbaImage): Image {
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4) {
    for (let channel = 0; channel < 3; channel++) pixels[to++] = data[from + channel] as number;
  }
  return { data: pixels, width, height, channels: 3 };
}
