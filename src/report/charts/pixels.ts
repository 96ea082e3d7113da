/** Pixels that this program computed, as PNG. */
import sharp from 'sharp';

/** Pixels (H, W, C). */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

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

/**
 * Images (N, height, width, channels) in rows of `columns`, a pixel apart; the gaps are transparent
 * only where the page is: they take the colour between black and white.
 */
export function mosaic(
  tiles: readonly Uint8Array[],
  { width, height, channels }: Omit<Pixels, 'data'>,
  columns: number,
): Pixels {
  const rows = Math.ceil(tiles.length / columns);
  const across = columns * (width + 1) - 1;
  const down = rows * (height + 1) - 1;
  const data = new Uint8Array(across * down * channels).fill(GAP_LEVEL);
  for (const [at, tile] of tiles.entries()) {
    const left = (at % columns) * (width + 1);
    const top = Math.floor(at / columns) * (height + 1);
    for (let y = 0; y < height; y++) {
      const line = tile.subarray(y * width * channels, (y + 1) * width * channels);
      data.set(line, ((top + y) * across + left) * channels);
    }
  }
  return { data, width: across, height: down, channels };
}

const GAP_LEVEL = 128;
