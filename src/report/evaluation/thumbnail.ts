/** Images of a dataset as `data:` addresses, so small that a page can hold hundreds of them. */
import sharp from 'sharp';
import type { ImageList } from '../../data/dataset.js';
import { readImage } from '../../data/decode/decode.js';
import type { DecodeOptions } from '../../data/decode/decode-options.js';

/** Images of at most this side are kept bit for bit: a page enlarges them. */
const TINY = 40;

/** Quality of WebP, of 100: artefacts are not seen at the size of a thumbnail. */
const QUALITY = 72;

/** An image of a dataset whose longer side is at most `side`; undefined where it cannot be read. */
export async function thumbnail(
  images: ImageList,
  index: number,
  side: number,
  reading: DecodeOptions,
): Promise<string | undefined> {
  const image = await readImage(images.locate(index), reading).catch(() => undefined);
  if (image === undefined) return undefined;
  const { data, width, height, channels } = image;
  const drawn = sharp(data, { raw: { width, height, channels } });
  const tiny = Math.max(width, height) <= TINY;
  const small = tiny
    ? drawn
    : drawn.resize(side, side, { fit: 'inside', withoutEnlargement: true });
  const bytes = await small.webp(tiny ? { lossless: true } : { quality: QUALITY }).toBuffer();
  return `data:image/webp;base64,${bytes.toString('base64')}`;
}
