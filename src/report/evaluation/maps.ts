/** The maps of one layer, side by side; browsers run this too. */
import { columnsFor, mosaic, type Pixels } from '../charts/mosaic.js';
import { stretched } from './filters.js';

export interface LayerMaps {
  readonly layer: string;
  /** (height, width, channels) */
  readonly shape: readonly [number, number, number];
  /** The maps with the largest sums, side by side. */
  readonly pixels: Pixels;
  /** Share of the outputs that are 0, in percent; of layers that end in a ReLU. */
  readonly zeros: number | undefined;
}

const MOST_MAPS = 16;
/** A map of more is a page of its own: every second value is shown, or every fourth. */
const MOST_SIDE = 64;

/** Of the values (height, width, channels) of a layer. */
export function mapsOf(
  layer: string,
  values: Float32Array,
  shape: LayerMaps['shape'],
  rectified: boolean,
): LayerMaps {
  const [height, width, depth] = shape;
  const sums = new Float64Array(depth);
  values.forEach((value, place) => {
    (sums[place % depth] as number) += Math.abs(value);
  });
  const strongest = [...sums.keys()]
    .sort((a, b) => (sums[b] as number) - (sums[a] as number))
    .slice(0, MOST_MAPS);
  const step = Math.ceil(Math.max(height, width) / MOST_SIDE);
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)];
  const tiles = strongest.map((map) => {
    const shown = Float32Array.from({ length: rows * columns }, (_, place) => {
      const [y, x] = [step * Math.floor(place / columns), step * (place % columns)];
      return values[(y * width + x) * depth + map] as number;
    });
    return stretched(shown);
  });
  const zeros = values.reduce((sum, value) => sum + Number(value === 0), 0);
  return {
    ...{ layer, shape },
    pixels: mosaic(tiles, { width: columns, height: rows, channels: 1 }, columnsFor(tiles.length)),
    zeros: rectified ? (100 * zeros) / values.length : undefined,
  };
}
