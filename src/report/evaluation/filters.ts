/** The filters of a network's first convolution as an image, as in AlexNet's figure 3. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { columnsFor, mosaic, type Pixels } from '../charts/mosaic.js';

export interface Filters {
  readonly layer: string;
  readonly count: number;
  readonly size: number;
  readonly pixels: Pixels;
}

/** More do not fit a page; the first networks of the catalogue have 6 to 96. */
const MOST = 256;

/** Undefined where the first convolution does not see the image itself. */
export function firstFilters(model: LayersModel, channels: 1 | 3): Filters | undefined {
  for (const layer of model.layers) {
    const [kernel] = layer.getWeights();
    if (kernel === undefined) continue;
    return filtersOf(layer.name, kernel.shape, () => kernel.dataSync(), channels);
  }
  return undefined;
}

/** Those of a kernel (H, W, C, filters); undefined where it does not see an image of `channels`. */
export function filtersOf(
  layer: string,
  [height = 0, width = 0, depth, count = 0, ...more]: readonly number[],
  read: () => ArrayLike<number>,
  channels: 1 | 3,
): Filters | undefined {
  if (more.length > 0 || depth !== channels || height < 2) return undefined;
  const values = read();
  const tiles = Array.from({ length: Math.min(count, MOST) }, (_, filter) => {
    return stretched(valuesOf(values, filter, count));
  });
  const pixels = mosaic(tiles, { width, height, channels }, columnsFor(tiles.length));
  return { layer, count, size: height, pixels };
}

/** One filter (H, W, C) of a kernel (H, W, C, filters). */
function valuesOf(values: ArrayLike<number>, filter: number, count: number): Float32Array {
  return Float32Array.from(
    { length: values.length / count },
    (_, place) => values[place * count + filter] as number,
  );
}

/** From its least value, black, to its greatest, white. */
export function stretched(values: Float32Array): Uint8Array {
  const [least, greatest] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)] as const,
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const,
  );
  const range = greatest - least || 1;
  return Uint8Array.from(values, (value) => Math.round((255 * (value - least)) / range));
}
