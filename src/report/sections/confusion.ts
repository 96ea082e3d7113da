/** Which classes the network takes for which, with the images. */

import { counted } from '../../counted.js';
import { drawChart } from '../charts/chart.js';
import { type Cell, confusionPng, confusionSpec, FEW_CLASSES, shade } from '../charts/confusion.js';
import { pngAddress } from '../charts/pixels.js';
import {
  chosenImages,
  MOST_OF_PAIR,
  MOST_THUMBNAILS,
  type Pair,
  type Shown,
  shownImages,
} from '../evaluation/confusions.js';
import type { Evaluated, ReadSettings } from '../evaluation/network.js';
import { type Html, html, jsonBlock } from '../page/html.js';
import type { Section } from '../page/page.js';
import type { NamedChart } from './curves.js';
import { percent, picture } from './words.js';

/** Pairs that are listed below the matrix. */
const LISTED = 12;

/** Of more classes the matrix takes the width of the page: a pair is a pixel or two. */
const MANY_CLASSES = 300;

/** The matrix of a file whose classes are many: a pixel is seen, and 1,000 classes fit a screen. */
const PNG_SIDE = 1000;

export interface Confusion {
  readonly section: Section;
  /** The matrix of few classes, as a drawing. */
  readonly charts: readonly NamedChart[];
  /** The matrix of many classes, as a PNG. */
  readonly png: Buffer | undefined;
}

export async function confusion(
  evaluated: Evaluated,
  pairs: readonly Pair[],
  names: readonly string[],
  settings: ReadSettings,
  mostThumbnails = MOST_THUMBNAILS,
): Promise<Confusion> {
  const cells = cellsOf(evaluated, pairs);
  const shown = await shownImages(evaluated, chosenImages(pairs, mostThumbnails), settings);
  const few = names.length <= FEW_CLASSES;
  const pixels = few ? undefined : await confusionPng(cells, names.length);
  const matrix = pixels ? imageMatrix(pixels, names.length) : tableMatrix(cells, names);
  const body = html`<div class="confusion-part"><p>Rows are the right classes, columns what the network took them for; each cell is shaded by its share of the row. Choose a cell to see its images.</p>
<div class="confusion${names.length > MANY_CLASSES && ' many'}"><div>${matrix}</div>
<div class="drill" aria-live="polite"><p class="soft">No cell is chosen.</p></div></div>
${mostFrequent(pairs, names, shown)}
${jsonBlock('confusion-data', { names, cells: cells.flatMap(({ label, guess, images }) => [label, guess, images]), ...imagesOf(pairs, shown) })}</div>`;
  const charts = few
    ? [{ name: 'confusion', chart: await drawChart(confusionSpec(cells, names)) }]
    : [];
  const scale = Math.max(1, Math.floor(PNG_SIDE / names.length));
  return {
    section: { id: 'confusion', title: 'Confusion matrix', body },
    charts,
    png: few ? undefined : await confusionPng(cells, names.length, scale),
  };
}

function cellsOf({ outcomes, dataset }: Evaluated, pairs: readonly Pair[]): Cell[] {
  const totals = new Float64Array(dataset.classes.length);
  for (const label of outcomes.labels) (totals[label] as number) += 1;
  return pairs.map(({ label, guess, images }) => {
    return {
      label,
      guess,
      images: images.length,
      share: images.length / (totals[label] as number),
    };
  });
}

/** A table whose cells are buttons: a screen reader says their row and column. */
function tableMatrix(cells: readonly Cell[], names: readonly string[]): Html {
  const found = new Map(cells.map((cell) => [cell.label * names.length + cell.guess, cell]));
  const head = names.map((name) => html`<th scope="col"><span>${name}</span></th>`);
  const rows = names.map((name, label) => {
    const row = names.map((_, guess) => matrixCell(found.get(label * names.length + guess), names));
    return html`<tr><th scope="row">${name}</th>${row}</tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Confusion matrix"><table class="matrix"><caption>Images of each class by the class that the network gave them</caption>
<thead><tr><td></td>${head}</tr></thead><tbody>
${rows}</tbody></table></div>`;
}

function matrixCell(cell: Cell | undefined, names: readonly string[]): Html {
  if (cell === undefined) return html`<td></td>`;
  const { label, guess, images, share } = cell;
  const what = `${images} of ${names[label]} taken for ${names[guess]}`;
  const kind = label === guess ? 'right' : 'wrong';
  return html`<td class="${kind}" style="--shade:${shade(share).toFixed(3)}"><button type="button" data-label="${label}" data-guess="${guess}" title="${what}">${images}</button></td>`;
}

function imageMatrix(pixels: Buffer, classes: number): Html {
  const alt = `Confusion matrix of ${classes} classes: the right class down, the given class across. The most frequent mistakes are listed below`;
  return html`<div class="pixels${classes > MANY_CLASSES && ' wide'}" tabindex="0" role="application" aria-label="Confusion matrix. The arrow keys move the chosen cell"><img${classes > MANY_CLASSES && html` class="fine"`} src="${pngAddress(pixels)}" width="${classes}" height="${classes}" alt="${alt}"><span class="row-line"></span><span class="column-line"></span></div>
<p class="soft">Blue is right, orange wrong. Move over it to see which classes a cell is of; click it, or use the arrow keys.</p>`;
}

/** What is there without a script too, and on paper. */
function mostFrequent(
  pairs: readonly Pair[],
  names: readonly string[],
  shown: ReadonlyMap<number, Shown>,
): Html {
  const mistakes = pairs.filter(({ label, guess }) => label !== guess);
  const largest = [...mistakes].sort((a, b) => b.images.length - a.images.length).slice(0, LISTED);
  if (largest.length === 0) return html`<p>The network mistook no image.</p>`;
  const items = largest.map(({ label, guess, images }) => {
    const seen = images.slice(0, 3).flatMap((image) => shown.get(image) ?? []);
    return html`<li><p><b>${names[label]}</b> taken for <b>${names[guess]}</b>, ${counted(images.length, 'image')}</p><div class="thumbs">${seen.map((image) => picture(image, `${names[label]}, taken for ${names[guess]} with ${percent(100 * image.probability)}`))}</div></li>`;
  });
  return html`<h3>Most frequent mistakes</h3><ol class="mistaken">${items}</ol>`;
}

/** The images of the cells for the page's script: addresses once, and which of them a cell has. */
function imagesOf(pairs: readonly Pair[], shown: ReadonlyMap<number, Shown>) {
  const numbers = new Map([...shown.keys()].map((image, at) => [image, at]));
  const shownOf = pairs.flatMap(({ label, guess, images }) => {
    const own = images.slice(0, MOST_OF_PAIR).flatMap((image) => numbers.get(image) ?? []);
    return own.length === 0 ? [] : [[label, guess, ...own]];
  });
  const images = [...shown.values()].map(({ source, name, probability }) => {
    return [source, name, Number(probability.toFixed(4))];
  });
  return { images, shown: shownOf };
}
