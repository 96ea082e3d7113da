import { join, parse } from 'node:path';
import sharp from 'sharp';
import type { ImageList } from '../../data/dataset.js';
import { readImage } from '../../data/decode/decode.js';
import { drawContactSheet } from '../../train/preview/contact-sheet.js';

const TILE = 112;

/** An image of a sheet, and what stands below it. */
export interface Shown {
  readonly images: ImageList;
  readonly index: number;
  readonly text: string;
}

/** The contact sheet that is written beside a CSV. */
export function sheetBeside(file: string): string {
  const { dir, name } = parse(file);
  return join(dir, `${name}.png`);
}

/** Images that can be read as a PNG of rows. */
export async function drawSheet(shown: readonly Shown[], columns: number): Promise<Buffer> {
  const tiles: Buffer[] = [];
  for (const { images, index } of shown) {
    const { data, width, height, channels } = await readImage(images.locate(index));
    const image = sharp(data, { raw: { width, height, channels } }).toColourspace('srgb');
    const tile = image.resize(TILE, TILE, { fit: 'contain', background: 'white' });
    tiles.push(await tile.removeAlpha().raw().toBuffer());
  }
  const texts = shown.map(({ text }) => text);
  const form = { size: TILE, channels: 3 as const, columns };
  return (await drawContactSheet(Buffer.concat(tiles), texts, form)).png().toBuffer();
}
