/** The confusion matrix as a picture: of few classes by cells, of many by pixels. */

import type { ChartSpec } from './chart.js';
import { colour } from './colours.js';
import { pngOf } from './pixels.js';

/** A cell of the matrix. */
export interface Cell {
  readonly label: number;
  readonly guess: number;
  readonly images: number;
  /** Share of the images of its label. */
  readonly share: number;
}

/** Up to this many classes a cell is large enough for a name and a number. */
export const FEW_CLASSES = 30;

/** How dark a cell is: small shares are seen too. */
export function shade(share: number): number {
  return Math.sqrt(share);
}

export function confusionSpec(cells: readonly Cell[], names: readonly string[]): ChartSpec {
  const domain = distinct(names);
  const values = cells.map(({ label, guess, images, share }) => ({
    ...{ label: domain[label], guess: domain[guess], images, shade: shade(share) },
    text: `${images} of ${names[label]} taken for ${names[guess]}`,
  }));
  const axis = { labelLimit: 140, domain: false, ticks: false };
  return {
    title: 'Confusion matrix',
    width: { step: names.length <= 12 ? 40 : 24 },
    height: { step: names.length <= 12 ? 26 : 20 },
    data: { values },
    encoding: {
      x: {
        field: 'guess',
        type: 'nominal',
        title: 'given class',
        scale: { domain },
        axis: { ...axis, labelAngle: -45 },
      },
      y: { field: 'label', type: 'nominal', title: 'right class', scale: { domain }, axis },
    },
    layer: [
      {
        mark: { type: 'rect', color: colour('series-1') },
        encoding: {
          fillOpacity: {
            field: 'shade',
            type: 'quantitative',
            scale: { domain: [0, 1], range: [0, 1] },
            legend: null,
          },
          description: { field: 'text' },
        },
      },
      ...(names.length <= 12
        ? [
            {
              mark: { type: 'text', fontSize: 11, color: colour('ink') },
              encoding: { text: { field: 'images' } },
            } as const,
          ]
        : []),
    ],
  };
}

/** A single image of a class is one pixel of a page: it has to be seen. */
const LEAST_ALPHA = 0.6;

/** One pixel for each cell, of a colour that is transparent where nothing is. */
export function confusionPng(cells: readonly Cell[], classes: number, scale = 1): Promise<Buffer> {
  const data = new Uint8Array(4 * classes * classes);
  for (const { label, guess, share } of cells) {
    const [red, green, blue] = label === guess ? [0, 120, 190] : [214, 84, 0];
    const alpha = Math.round(255 * Math.max(LEAST_ALPHA, shade(share)));
    data.set([red, green, blue, alpha], 4 * (label * classes + guess));
  }
  return pngOf({ data, width: classes, height: classes, channels: 4 }, scale);
}

/** Two classes may have the same words. */
function distinct(names: readonly string[]): string[] {
  return names.map((name, at) => (names.indexOf(name) === at ? name : `${name} (${at})`));
}
