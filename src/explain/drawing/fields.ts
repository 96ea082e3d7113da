/** The receptive fields of the stages on the image, as squares around its middle. */
import { colour } from '../../report/charts/colours.js';
import { type Html, html } from '../../report/page/html.js';
import type { Explanation } from '../explain.js';
import type { Stage } from '../network/stages.js';
import { CENTRE, SMALL, textWidth, WIDTH } from './measures.js';
import { round, text } from './svg.js';

/** Between the sides of two squares, so that a name fits. */
const LEAST_GAP = 15;
const MARGIN = 4;
const SERIES = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5'] as const;

/** Of the stages whose squares are not too close to a wider one. */
export function fieldsSvg({ stages, inputSize }: Explanation): Html {
  const maps = stages.filter(({ stride }) => stride !== null);
  const widest = Math.max(inputSize, ...maps.map(({ receptiveField }) => receptiveField));
  const scale = (WIDTH - 2 * MARGIN) / widest;
  const shown = apart(maps, scale);
  const squares = shown.map(({ name, receptiveField }, place) => {
    const paint = colour(SERIES[place % SERIES.length] as (typeof SERIES)[number]);
    const side = receptiveField * scale;
    const corner = CENTRE - side / 2;
    const label = `${name} ${receptiveField}`;
    const style = { size: SMALL, anchor: 'start', fill: paint } as const;
    const fits = textWidth(label, SMALL) + 10 < side;
    return html`${square(side, html` fill="${paint}" fill-opacity="0.06" stroke="${paint}"`)}${fits && text(corner + 5, corner + 12, label, style)}`;
  });
  const side = inputSize * scale;
  const image = square(
    side,
    html` fill="none" stroke="${colour('ink')}" stroke-dasharray="5 3" stroke-width="1.4"`,
  );
  const names = shown.map(({ name, receptiveField }) => `${name} ${receptiveField}`).join(', ');
  return html`<svg viewBox="0 0 ${WIDTH} ${WIDTH}" width="${WIDTH}" height="${WIDTH}" role="img" aria-label="Receptive fields in pixels: ${names}" font-family="system-ui, sans-serif">${squares}${image}</svg>`;
}

/** The widest first. */
function apart(stages: readonly Stage[], scale: number): Stage[] {
  const shown: Stage[] = [];
  for (const stage of stages.toReversed()) {
    const last = shown.at(-1);
    const gap = ((last?.receptiveField ?? Number.POSITIVE_INFINITY) - stage.receptiveField) / 2;
    if (gap * scale >= LEAST_GAP) shown.push(stage);
  }
  return shown;
}

function square(side: number, style: Html): Html {
  const corner = round(CENTRE - side / 2);
  return html`<rect x="${corner}" y="${corner}" width="${round(side)}" height="${round(side)}"${style}/>`;
}
