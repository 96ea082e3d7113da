/** Charts over the epochs of runs. */
import type { ChartLayer, ChartSpec } from './chart.js';
import { colour, SERIES } from './colours.js';

/** A line of a chart: a figure of a run. */
export interface Line {
  /** What its colour stands for. */
  readonly series: string;
  /** What its dashes stand for; where all lines have the same, none are drawn. */
  readonly dash: string;
  readonly points: readonly Point[];
}

export interface Point {
  readonly epoch: number;
  readonly value: number;
}

/** A level that is drawn across a chart. */
export interface Level {
  readonly value: number;
  readonly text: string;
}

/** Something that happened between two epochs, or at the end of one. */
export interface Mark {
  readonly epoch: number;
  readonly kind: string;
  /** The series whose colour it has; undefined where all lines are of one run. */
  readonly series: string | undefined;
  readonly text: string;
}

export interface CurveChart {
  /** The name of its file, without an ending. */
  readonly name: string;
  readonly title: string;
  /** What the values are, with their unit. */
  readonly axis: string;
  readonly lines: readonly Line[];
  readonly levels?: readonly Level[];
  readonly marks?: readonly Mark[];
  /** The axis begins at 0. */
  readonly fromZero?: boolean;
  readonly logarithmic?: boolean;
}

const WIDTH = 420;
const HEIGHT = 230;
const LOGARITHMIC = { type: 'log' } as const;

/** More points of a line are not told apart on a page: every so many is drawn. */
const MOST_POINTS = 400;

/** Up to this many points each is seen as one. */
const FEW_POINTS = 40;

export function curveSpec(chart: CurveChart): ChartSpec {
  const { title, lines, levels = [], marks = [] } = chart;
  const values = lines.flatMap(({ series, dash, points }) =>
    thinned(points).map(({ epoch, value }) => ({
      series,
      dash,
      epoch,
      value,
      text: textOf(series, dash, epoch, value),
    })),
  );
  const seriesNames = [...new Set(lines.map(({ series }) => series))];
  const dashes = [...new Set(lines.map(({ dash }) => dash))];
  const few = values.length <= FEW_POINTS * lines.length;
  const x = {
    field: 'epoch',
    type: 'quantitative',
    title: 'epoch',
    scale: { nice: false, zero: false, padding: 6 },
    axis: { format: 'd', tickMinStep: 1, grid: false },
  } as const;
  const y = {
    field: 'value',
    type: 'quantitative',
    title: chart.logarithmic ? `${chart.axis}, logarithmic` : chart.axis,
    scale: chart.logarithmic ? LOGARITHMIC : { zero: chart.fromZero ?? false },
    axis: { format: '~r' },
  } as const;
  const color = {
    field: 'series',
    type: 'nominal',
    title: null,
    scale: { domain: seriesNames, range: SERIES.slice(0) as string[] },
    legend: seriesNames.length > 1 ? { columns: seriesNames.length > 4 ? 2 : 4 } : null,
  } as const;
  const strokeDash = {
    field: 'dash',
    type: 'nominal',
    title: null,
    scale: {
      domain: dashes,
      range: [
        [1, 0],
        [5, 3],
        [2, 2],
      ],
    },
    legend: dashes.length > 1 ? {} : null,
  } as const;
  return {
    title,
    width: WIDTH,
    height: HEIGHT,
    data: { values },
    layer: [
      { mark: { type: 'line', aria: false }, encoding: { x, y, color, strokeDash } },
      {
        mark: { type: 'point', filled: true, size: few ? 28 : 90, opacity: few ? 1 : 0 },
        encoding: { x, y, color, description: { field: 'text' } },
      },
      ...levels.map((level) => levelLayer(level)),
      ...(marks.length === 0 ? [] : [markLayer(marks, x, color)]),
    ],
  };
}

/** A line from top to bottom for each mark, and at its top what a pointer finds. */
function markLayer(marks: readonly Mark[], x: object, series: object): ChartLayer {
  const own = marks.some(({ series: name }) => name !== undefined);
  const color = own ? { color: series } : {};
  const fixed = own ? {} : { color: colour('series-4') };
  return {
    data: { values: [...marks] },
    encoding: { x: { ...x, field: 'epoch', type: 'quantitative' }, ...color },
    layer: [
      { mark: { type: 'rule', strokeDash: [2, 3], opacity: 0.7, aria: false, ...fixed } },
      {
        mark: {
          type: 'point',
          shape: 'triangle-down',
          filled: true,
          size: 110,
          opacity: 1,
          ...fixed,
        },
        encoding: { y: { value: 5 }, description: { field: 'text' } },
      },
    ],
  };
}

function levelLayer({ value, text }: Level): ChartLayer {
  const y = { datum: value, type: 'quantitative' } as const;
  return {
    // One rule, and not one for each point of the lines.
    data: { values: [{}] },
    encoding: { y },
    layer: [
      { mark: { type: 'rule', strokeDash: [4, 4], color: colour('soft'), aria: false } },
      {
        mark: {
          type: 'text',
          text,
          // Curves come near a published accuracy in late epochs.
          align: 'left',
          baseline: 'bottom',
          dy: -3,
          fontSize: 11,
          color: colour('soft'),
        },
        encoding: { x: { value: 4 } },
      },
    ],
  };
}

function textOf(series: string, dash: string, epoch: number, value: number): string {
  const what = [series, dash].filter((part) => part !== '').join(', ');
  return `${what}, epoch ${epoch}: ${Number(value.toPrecision(5))}`;
}

/** The first and the last of them stay. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, at) => points[Math.round(at * step)] as Point);
}
