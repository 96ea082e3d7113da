/** The "revolution of depth": errors as bars, and above them how many layers it took. */
import type { ChartSpec } from './chart.js';
import { colour } from './colours.js';

export interface DepthBar {
  readonly name: string;
  readonly year: number;
  /** Undefined for features made by hand. */
  readonly layers: number | undefined;
  readonly error: number;
  readonly inCatalogue: boolean;
  readonly text: string;
}

const STEP = 124;

export function depthSpec(bars: readonly DepthBar[]): ChartSpec {
  const values = bars.map((bar) => ({
    ...bar,
    entry: `${bar.name}\n${bar.year}`,
    layersText: bar.layers === undefined ? 'shallow' : `${bar.layers} layers`,
    height: bar.layers ?? 1,
    of: bar.inCatalogue ? 'in the catalogue' : 'not in it',
  }));
  const x = {
    field: 'entry',
    type: 'nominal',
    sort: null,
    axis: {
      title: null,
      labelAngle: 0,
      labelExpr: "split(datum.label, '\\n')",
      labelColor: colour('ink'),
      ticks: false,
    },
  } as const;
  const label = { type: 'text', baseline: 'bottom', fontWeight: 'bold', aria: false } as const;
  return {
    title: 'Revolution of depth: ILSVRC, classification',
    data: { values },
    spacing: 6,
    vconcat: [
      {
        width: { step: STEP },
        height: 150,
        layer: [
          {
            mark: { type: 'line', color: colour('series-2'), strokeDash: [5, 4], aria: false },
            encoding: { x: { ...x, axis: null }, y: depthAxis() },
          },
          {
            mark: { type: 'point', color: colour('series-2'), size: 60, aria: false },
            encoding: { x: { ...x, axis: null }, y: depthAxis() },
          },
          {
            mark: {
              ...label,
              align: 'right',
              dx: 6,
              dy: -8,
              color: colour('series-2'),
              fontSize: 13,
            },
            encoding: { x: { ...x, axis: null }, y: depthAxis(), text: { field: 'layersText' } },
          },
        ],
      },
      {
        width: { step: STEP },
        height: 230,
        layer: [
          {
            mark: { type: 'bar', width: { band: 0.62 } },
            encoding: {
              x,
              y: { field: 'error', type: 'quantitative', title: 'top-5 error, %' },
              color: {
                field: 'of',
                type: 'nominal',
                title: null,
                scale: {
                  domain: ['in the catalogue', 'not in it'],
                  range: [colour('series-1'), colour('soft')],
                },
              },
              description: { field: 'text' },
            },
          },
          {
            mark: { ...label, dy: -4, fontSize: 14 },
            encoding: {
              x,
              y: { field: 'error', type: 'quantitative' },
              text: { field: 'error' },
            },
          },
        ],
      },
    ],
  };
}

function depthAxis() {
  return {
    field: 'height',
    type: 'quantitative',
    title: 'layers',
    scale: { domain: [0, 170] as [number, number] },
    axis: { values: [0, 50, 100, 150] as number[] },
  } as const;
}
