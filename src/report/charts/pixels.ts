/** Pixels that this program computed, as PNG. */
import sharp from 'sharp';
import type { Pixels } from './mosaic.js';

/** Pixels as PNG, each of them `scale` wide and high. */
export async function pngOf(pixels: Pixels, scale = 1): Promise<Buffer> {
  const { data, width, height, channels } = pixels;
  const drawn = sharp(data, { raw: { width, height, channels } });
  const size = [scale * width, scale * height, { kernel: 'nearest' }] as const;
  return (scale === 1 ? drawn : drawn.resize(...size)).png({ compressionLevel: 9 }).toBuffer();
}

export function pngAddress(bytes: Buffer): string {
  return `data:image/png;base64,${bytes.toString('base64')}`;
}
