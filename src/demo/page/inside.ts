/** What is inside the network: filters, the maps of a layer, and where it looked. */
import type { Filters } from '../../report/evaluation/filters.js';
import type { LayerMaps } from '../../report/evaluation/maps.js';
import { element } from './elements.js';
import type { Guess } from './guesses.js';
import type { Heat, Layer } from './messages.js';
import { showPixels } from './pixels.js';

/** At least so wide is a pixel shown, where there is room. */
const SHOWN_SIDE = 640;

export function showFilters(filters: Filters | undefined): void {
  element('filters', HTMLElement).hidden = filters === undefined;
  if (filters === undefined) return;
  const { layer, count, size, pixels } = filters;
  const text = `The ${count} filters of ${layer}, ${size}×${size} pixels each`;
  showLarge(element('filters-canvas', HTMLCanvasElement), pixels, text);
  element('filters-words', HTMLElement).textContent =
    `${text}. Each is stretched from its least value, black, to its greatest, white.`;
}

export function listLayers(layers: readonly Layer[], onChosen: (layer: string) => void): void {
  const select = element('layer', HTMLSelectElement);
  const options = layers.map(({ name, shape: [height, width, depth] }) => {
    return new Option(`${name}: ${depth} maps of ${height}×${width}`, name);
  });
  select.replaceChildren(...options);
  select.onchange = () => onChosen(select.value);
}

export function showMaps({ layer, shape, pixels, zeros }: LayerMaps, shown: number): void {
  const [height, width, depth] = shape;
  const which = depth > shown ? `${shown} of the ${depth} maps` : `The ${depth} maps`;
  const text = `${which} of ${layer}, ${height}×${width} each, the strongest first`;
  showLarge(element('maps-canvas', HTMLCanvasElement), pixels, text);
  const zero = zeros === undefined ? '' : ` ${zeros.toFixed(0)} % of all values are 0.`;
  element('maps-words', HTMLElement).textContent = `${text}.${zero}`;
}

/** The classes for which it is asked where the network looked. */
export function listGuesses(guesses: readonly Guess[], onChosen: (label: number) => void): void {
  const select = element('look-class', HTMLSelectElement);
  const options = guesses.map(({ name, label }) => new Option(name, String(label)));
  select.replaceChildren(...options);
  select.onchange = () => onChosen(Number(select.value));
}

/** Says how far a search is, and in the end where the class is seen. */
export function describeHeat(heat: Heat, name: string): void {
  const done = heat.done >= 1;
  const text = done ? `${name}: ${placeOf(heat)}` : `${Math.round(100 * heat.done)} % covered`;
  element('look-words', HTMLElement).textContent = text;
  element('look-canvas', HTMLCanvasElement).ariaLabel = done ? text : 'Where it looked';
  if (done) element('look-said', HTMLElement).textContent = `Where it looked for ${text}`;
}

/** The ninth of the image with the most evidence, in words. */
function placeOf({ values, rows, columns }: Heat): string {
  const [sums, counts] = [new Float64Array(9), new Float64Array(9)];
  for (const [place, value] of values.entries()) {
    const row = Math.floor((3 * Math.floor(place / columns)) / rows);
    const column = Math.floor((3 * (place % columns)) / columns);
    (sums[3 * row + column] as number) += value;
    (counts[3 * row + column] as number)++;
  }
  const means = sums.map((sum, ninth) => sum / Math.max(1, counts[ninth] as number));
  const most = means.indexOf(Math.max(...means));
  if (means[most] === 0) return 'no place speaks for it';
  if (most === 4) return 'most of the evidence is in the middle';
  const down = ['upper', 'middle', 'lower'][Math.floor(most / 3)];
  const across = ['left', 'centre', 'right'][most % 3];
  return `most of the evidence is at the ${down} ${across}`;
}

/** Enlarged by a whole number, so that all pixels are shown alike. */
function showLarge(
  canvas: HTMLCanvasElement,
  pixels: Parameters<typeof showPixels>[1],
  label: string,
): void {
  showPixels(canvas, pixels);
  const enlarged = Math.ceil(SHOWN_SIDE / pixels.width);
  canvas.style.width = `${enlarged * pixels.width}px`;
  canvas.ariaLabel = label;
}
