/** The pictures of an experiment. */
import { type Bubble, bubbleSpec } from '../../report/charts/bubbles.js';
import { type ChartSpec, drawChart, svgFile } from '../../report/charts/chart.js';
import { colour } from '../../report/charts/colours.js';
import { MEASURES, type Measure } from '../file/format.js';
import type { CellResult } from './cell-results.js';
import { columnOf } from './run-result.js';
import { spreadOf } from './student.js';

/** A picture under the end of its file's name. */
export interface Picture {
  readonly name: string;
  /** For those who cannot see it. */
  readonly text: string;
  readonly svg: string;
}

export async function drawPictures(
  cells: readonly CellResult[],
  measures: readonly Measure[],
): Promise<Picture[]> {
  const found = cells.filter(({ runs }) => runs.length > 0);
  if (found.length === 0) return [];
  const specs: { name: string; text: string; spec: ChartSpec | undefined }[] = [
    {
      name: 'results',
      text: 'Each run as a point, the mean of each cell with its standard deviation',
      spec: spreadSpec(found, measures),
    },
    {
      name: 'curves',
      text: 'Means over the seeds by epoch, the band is the standard deviation',
      spec: curveSpec(found),
    },
    {
      name: 'cost',
      text: 'Top-1 accuracy against multiply-adds; areas are parameters',
      spec: costSpec(found),
    },
  ];
  const pictures: Picture[] = [];
  for (const { name, text, spec } of specs) {
    if (spec !== undefined) pictures.push({ name, text, svg: svgFile(await drawChart(spec)) });
  }
  return pictures;
}

const CELL_AXIS = { field: 'cell', type: 'nominal', sort: null, axis: { title: null } } as const;

function spreadSpec(cells: readonly CellResult[], measures: readonly Measure[]): ChartSpec {
  const panels = measures.map((measure) => {
    const x = { type: 'quantitative', title: titleOf(measure), scale: { zero: false } } as const;
    const means = cells.flatMap(({ name, measures: { [measure]: spread } }) => {
      if (spread === undefined) return [];
      const { mean, deviation = 0 } = spread;
      return [{ cell: name, mean, low: mean - deviation, high: mean + deviation }];
    });
    const points = cells.flatMap(({ name, runs }) =>
      runs.map((run) => ({ cell: name, value: run.measures[measure] ?? null })),
    );
    return {
      width: 320,
      height: { step: 22 },
      encoding: { y: CELL_AXIS },
      layer: [
        {
          data: { values: means },
          mark: { type: 'rule' as const, strokeWidth: 2 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        {
          data: { values: points },
          mark: { type: 'point' as const, size: 24, opacity: 0.7 },
          encoding: { x: { ...x, field: 'value' } },
        },
        {
          data: { values: means },
          mark: { type: 'tick' as const, thickness: 3, size: 14, color: colour('ink') },
          encoding: { x: { ...x, field: 'mean' } },
        },
      ],
    };
  });
  return { data: { values: [] }, hconcat: panels };
}

/** Undefined where no run has a second epoch. */
function curveSpec(cells: readonly CellResult[]): ChartSpec | undefined {
  const panels = (['train-loss', 'top1'] as const).map((measure) => {
    const values = cells.flatMap((cell) => curveOf(cell, measure));
    return {
      width: 320,
      height: 240,
      data: { values },
      encoding: {
        x: { field: 'epoch', type: 'quantitative' as const, axis: { tickMinStep: 1 } },
        color: {
          field: 'cell',
          type: 'nominal' as const,
          sort: null,
          legend: { title: null, symbolOpacity: 1 },
        },
      },
      layer: [
        {
          mark: { type: 'area' as const, opacity: 0.2 },
          encoding: {
            y: { field: 'low', type: 'quantitative' as const, title: titleOf(measure) },
            y2: { field: 'high' },
          },
        },
        {
          mark: { type: 'line' as const, point: true },
          encoding: {
            y: { field: 'mean', type: 'quantitative' as const, scale: { zero: false } },
          },
        },
      ],
    };
  });
  if (panels.every(({ data }) => data.values.every(({ epoch }) => epoch < 2))) return undefined;
  return { data: { values: [] }, hconcat: panels };
}

function curveOf({ name, runs }: CellResult, measure: Measure) {
  const column = columnOf(measure);
  const epochs = Math.max(...runs.map(({ rows }) => rows.length));
  return Array.from({ length: epochs }, (_, index) => {
    const values = runs.flatMap(({ rows }) => rows[index]?.[column] ?? []);
    const spread = spreadOf(values);
    if (spread === undefined) return [];
    const { mean, deviation = 0 } = spread;
    return [{ cell: name, epoch: index + 1, mean, low: mean - deviation, high: mean + deviation }];
  }).flat();
}

/** Undefined where all networks cost the same. */
function costSpec(cells: readonly CellResult[]): ChartSpec | undefined {
  const bubbles = cells.flatMap((cell): Bubble[] => {
    const { name, macs, parameters, measures } = cell;
    if (macs === undefined || parameters === undefined || measures.top1 === undefined) return [];
    const { mean, deviation = 0 } = measures.top1;
    const spread = [mean - deviation, mean + deviation] as const;
    const text = `${name}: ${mean.toFixed(2)} %, ${(macs / 1e9).toPrecision(3)} GMACs`;
    const where = { gmacs: macs / 1e9, parameters, top1: mean, spread };
    return [{ name, text, kind: '', ...where, measured: false, oneCrop: true }];
  });
  if (new Set(bubbles.map(({ gmacs }) => gmacs)).size < 2) return undefined;
  return bubbleSpec('Top-1 accuracy against cost', bubbles, ['']);
}

function titleOf(measure: Measure): string {
  return measure.endsWith('loss') ? MEASURES[measure] : `${MEASURES[measure]}, %`;
}
