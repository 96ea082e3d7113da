/** The drawing of a network as one file, for slides and papers. */
import type { Chart } from '../../report/charts/chart.js';
import { html } from '../../report/page/html.js';
import { WIDTH } from './measures.js';
import type { Picture } from './network.js';

const GAP = 24;
/** Width by height that a sheet comes close to, as slides have it. */
const ASPECT = 4 / 3;

/** The pictures below each other, in as many columns as make a sheet of a slide's form. */
export function sheetOf(title: string, pictures: readonly Picture[]): Chart {
  const columns = columnsOf(pictures);
  const width = columns.length * (WIDTH + GAP) + GAP;
  const height = Math.ceil(Math.max(...columns.map(heightOf))) + 2 * GAP;
  const drawn = columns.map((column, place) => {
    let y = GAP;
    return column.map(({ drawing }) => {
      const at = html`translate(${GAP + place * (WIDTH + GAP)} ${y.toFixed(1)})`;
      y += drawing.height;
      return html`<g transform="${at}">${drawing.svg}</g>`;
    });
  });
  const { text } =
    html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif">${drawn}</svg>`;
  return { svg: text, width, height };
}

function columnsOf(pictures: readonly Picture[]): Picture[][] {
  const all = heightOf(pictures);
  const count = Math.max(1, Math.round(Math.sqrt((ASPECT * all) / (WIDTH + GAP))));
  const columns: Picture[][] = [];
  let above = 0;
  for (const picture of pictures) {
    const middle = above + picture.drawing.height / 2;
    const place = Math.min(count - 1, Math.floor((middle / all) * count));
    columns[place] = [...(columns[place] ?? []), picture];
    above += picture.drawing.height;
  }
  return columns.filter((column) => column !== undefined);
}

function heightOf(pictures: readonly Picture[]): number {
  return pictures.reduce((sum, { drawing }) => sum + drawing.height, 0);
}
