import type { Image } from '../../augment/index.js';

/** Sums over images; each image has the same weight, whatever its size. */
export interface Moments {
  readonly images: number;
  /** Means of red, green and blue in [0, 1] units, summed over the images. */
  readonly sums: readonly number[];
  /** The same of the products rr, rg, rb, gg, gb, bb. */
  readonly products: readonly number[];
}

export const NO_MOMENTS: Moments = { images: 0, sums: [0, 0, 0], products: [0, 0, 0, 0, 0, 0] };

export function addMoments(a: Moments, b: Moments): Moments {
  const add = (x: readonly number[], y: readonly number[]) =>
    x.map((value, index) => value + (y[index] as number));
  return {
    images: a.images + b.images,
    sums: add(a.sums, b.sums),
    products: add(a.products, b.products),
  };
}

/** The moments of one image; grey counts as equal red, green and blue. */
export function momentsOf(image: Image): Moments {
  const { data, channels } = image;
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  // Whole numbers below 2^53, so that the sums are exact.
  let [r, g, b] = [0, 0, 0];
  let [rr, rg, rb, gg, gb, bb] = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < data.length; at += channels) {
    const x = data[at] as number;
    const y = data[at + green] as number;
    const z = data[at + blue] as number;
    r += x;
    g += y;
    b += z;
    rr += x * x;
    rg += x * y;
    rb += x * z;
    gg += y * y;
    gb += y * z;
    bb += z * z;
  }
  const pixels = data.length / channels;
  return {
    images: 1,
    sums: [r, g, b].map((sum) => sum / (pixels * 255)),
    products: [rr, rg, rb, gg, gb, bb].map((sum) => sum / (pixels * 255 ** 2)),
  };
}
