/** What a trained network does on images: its classes, its mistakes, its filters and maps. */
import { pngAddress, pngOf } from '../charts/pixels.js';
import type { Activations } from '../evaluation/activations.js';
import type { ClassScores, Shown } from '../evaluation/confusions.js';
import type { Filters } from '../evaluation/filters.js';
import type { LayerMaps } from '../evaluation/maps.js';
import type { Evaluated } from '../evaluation/network.js';
import { imageFigure } from '../page/figure.js';
import { type Html, html } from '../page/html.js';
import type { Section } from '../page/page.js';
import { tableOf } from '../page/table.js';
import { percent, picture } from './words.js';

/** Pixels on the page of the longer side of filters and maps, about. */
const FILTERS_WIDTH = 640;
const MAPS_WIDTH = 420;
/** Pixels of a weight at most. */
const MOST_SCALE = 16;

/** `id` of the table, where the page has more than one. */
export function classTable(
  scores: readonly ClassScores[],
  names: readonly string[],
  id = 'class-table',
): Section {
  const columns = [
    { title: 'class' },
    ...['images', 'top-1', '95 % interval', 'top-5', 'precision'].map((title) => {
      return { title, numeric: true };
    }),
    { title: 'most often taken for' },
  ];
  const rows = scores.map(({ label, images, top1, interval, top5, precision, mistaken }) => {
    const [low, high] = interval;
    const other = mistaken && `${names[mistaken.guess]} (${mistaken.images})`;
    return [
      names[label],
      images,
      images === 0 ? '' : percent(top1),
      images === 0 ? '' : { shown: `${low.toFixed(1)} to ${high.toFixed(1)}`, sortedBy: low },
      images === 0 ? '' : percent(top5),
      precision === undefined ? '' : percent(precision),
      { shown: other ?? '', sortedBy: mistaken?.images ?? 0 },
    ];
  });
  const caption = 'Accuracy of each class; top-1 is its recall';
  const body = tableOf(columns, rows, { caption, sortable: true, id });
  return { id: 'classes', title: 'Classes', body };
}

export function mistakes(
  { outcomes }: Evaluated,
  shown: ReadonlyMap<number, Shown>,
  names: readonly string[],
): Section {
  const cards = [...shown].map(([image, found]) => {
    const [guess = 0] = outcomes.topOf(image);
    const right = names[outcomes.labels[image] as number];
    const taken = names[guess];
    return html`<figure class="card">${picture(found, `${right}, taken for ${taken}`)}<figcaption><b>${taken}</b> ${percent(100 * found.probability)}<br>is ${right}</figcaption></figure>`;
  });
  const body =
    cards.length === 0
      ? html`<p>The network mistook no image that can be shown.</p>`
      : html`<p>The images whose wrong class the network was surest of: the labels of some may be wrong.</p><div class="cards">${cards}</div>`;
  return { id: 'mistakes', title: 'Surest mistakes', body };
}

export async function filterSection(filters: Filters | undefined): Promise<Section> {
  const section = { id: 'filters', title: 'First-layer filters' };
  if (filters === undefined) {
    const why = 'The first layer with weights is no convolution of the image.';
    return { ...section, body: html`<p class="missing">${why}</p>` };
  }
  const { layer, count, size, pixels } = filters;
  const scale = Math.max(1, Math.min(MOST_SCALE, Math.round(FILTERS_WIDTH / pixels.width)));
  const source = pngAddress(await pngOf(pixels, scale));
  const body = imageFigure(source, `The ${count} filters of ${layer}`, {
    width: scale * pixels.width,
    height: scale * pixels.height,
    caption: `${count} filters of ${size}×${size} in ${layer}, each from its least weight to its greatest.`,
  });
  return { ...section, body };
}

export async function activationSection(
  { image, picture: source, top, layers, of }: Activations,
  names: readonly string[],
): Promise<Section> {
  const guesses = top.map(({ label, probability }) => {
    return html`<li><span class="bar" style="--part:${probability.toFixed(4)}"></span>${names[label]} <span class="soft">${percent(100 * probability)}</span></li>`;
  });
  const shown: Html[] = [];
  for (const maps of layers) shown.push(await mapsFigure(maps));
  const some = layers.length < of ? `${layers.length} of ${of} layers` : 'Every layer with maps';
  const body = html`<div class="seen">${source && html`<img class="input" src="${source}" alt="${image}">`}<div><p>${image}</p><ol class="guesses">${guesses}</ol></div></div>
<p class="soft">${some}, in running order; of each the maps with the largest sums, each from its least value, black, to its greatest, white.</p>
<div class="maps">${shown}</div>`;
  return { id: 'activations', title: 'Activations', body };
}

async function mapsFigure({ layer, shape, pixels, zeros }: LayerMaps): Promise<Html> {
  const [height, width, depth] = shape;
  const scale = Math.max(1, Math.round(MAPS_WIDTH / pixels.width));
  const silent = zeros === undefined ? '' : `, ${percent(zeros, 0)} of it zero`;
  return imageFigure(pngAddress(await pngOf(pixels)), `Maps of ${layer}`, {
    width: scale * pixels.width,
    height: scale * pixels.height,
    caption: html`<b>${layer}</b> ${height}×${width}, ${depth} maps${silent}`,
  });
}
