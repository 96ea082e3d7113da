/**
 * Where the network looked, by covering: the less probable a class is while a square covers a place,
 * the more it depends on that place. Zeiler and Fergus, 2014, section 4.2.
 * https://arxiv.org/abs/1311.2901
 */
import type { Heat } from '../messages.js';
import { scaled } from './class-activation.js';
import { type Network, probabilitiesOf } from './network.js';

/** Places of the square across the image, and its side as a part of the image's. */
export const PLACES = 14;
const SIDE = 1 / 5;

/** Images that are computed at once: more are not faster, and the page waits for each. */
const BATCH = 4;

/** After each batch the map so far, with the places that are left at 0. */
export function* occlusion(
  network: Network,
  seen: Uint8Array,
  label: number,
  probability: number,
): Generator<Heat> {
  const drops = new Float32Array(PLACES * PLACES);
  const order = inCoarseOrder(PLACES);
  for (let from = 0; from < order.length; from += BATCH) {
    const places = order.slice(from, from + BATCH);
    const images = places.map((place) => covered(network, seen, place));
    for (const [at, probabilities] of probabilitiesOf(network, images).entries()) {
      drops[places[at] as number] = probability - (probabilities[label] as number);
    }
    const done = Math.min(1, (from + BATCH) / order.length);
    yield { label, values: scaled(drops), rows: PLACES, columns: PLACES, done };
  }
}

/** Every second place of every second row first, so that the whole image is seen early. */
function inCoarseOrder(count: number): number[] {
  const places = [...Array(count * count).keys()];
  const rank = (place: number) => (Math.floor(place / count) % 2) * 2 + (place % 2);
  return places.sort((a, b) => rank(a) - rank(b));
}

/** The image with a square of the mean colour around a place. */
function covered({ description }: Network, seen: Uint8Array, place: number): Uint8Array {
  const { height, width, channels } = description.input;
  const colour = description.mean.map((level) => Math.round(255 * level));
  const image = seen.slice();
  const [top, bottom] = spanOf(Math.floor(place / PLACES), height);
  const [left, right] = spanOf(place % PLACES, width);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) image.set(colour, (y * width + x) * channels);
  }
  return image;
}

function spanOf(place: number, length: number): [from: number, to: number] {
  const centre = ((place + 0.5) * length) / PLACES;
  const half = (length * SIDE) / 2;
  return [Math.max(0, Math.round(centre - half)), Math.min(length, Math.round(centre + half))];
}
