/** Images of one size, side by side; browsers run this too. */

/** Pixels (H, W, C). */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/** Images of one size in rows of `columns`, a transparent pixel apart. */
export function mosaic(
  tiles: readonly Uint8Array[],
  { width, height, channels }: { width: number; height: number; channels: 1 | 3 },
  columns: number,
): Pixels {
  const rows = Math.ceil(tiles.length / columns);
  const across = columns * (width + 1) - 1;
  const down = rows * (height + 1) - 1;
  const data = new Uint8Array(4 * across * down);
  for (const [at, tile] of tiles.entries()) {
    const left = (at % columns) * (width + 1);
    const top = Math.floor(at / columns) * (height + 1);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const place = (top + Math.floor(pixel / width)) * across + left + (pixel % width);
      for (let c = 0; c < 3; c++) {
        data[4 * place + c] = tile[pixel * channels + (c % channels)] as number;
      }
      data[4 * place + 3] = 255;
    }
  }
  return { data, width: across, height: down, channels: 4 };
}

/** Wide rather than high, and without a gap at the end where that is possible. */
export function columnsFor(count: number): number {
  const least = Math.ceil(Math.sqrt(count * 2));
  for (let columns = least; columns <= least + 5; columns++) {
    if (count % columns === 0) return columns;
  }
  return Math.min(count, least);
}
