/** Loss, accuracy, learning rate and speed over the epochs. */
import type { Row } from '../../runs/csv.js';
import { type Chart, drawChart } from '../charts/chart.js';
import { type CurveChart, curveSpec, type Level, type Line, type Mark } from '../charts/curves.js';
import { epochOfStep, eventsOf } from '../events.js';
import { chartFigure } from '../page/figure.js';
import { html } from '../page/html.js';
import type { Section } from '../page/page.js';
import { publishedFor } from '../published.js';
import type { ReportedRun } from '../runs.js';

/** A chart, and the file that it may become. */
export interface NamedChart {
  readonly name: string;
  readonly chart: Chart;
}

interface Figure {
  readonly name: string;
  readonly title: string;
  readonly axis: string;
  /** Columns of summary.csv, and what each of them is of. */
  readonly columns: readonly (readonly [column: keyof Row, dash: string])[];
  readonly published?: 'top1' | 'top5';
  readonly fromZero?: boolean;
  /** Events are marked on it. */
  readonly events?: boolean;
}

const FIGURES: readonly Figure[] = [
  {
    name: 'loss',
    title: 'Loss',
    axis: 'cross-entropy',
    columns: [
      ['eval_loss', 'validation'],
      ['train_loss', 'training'],
      ['ema_loss', 'validation, averaged weights'],
    ],
    events: true,
  },
  {
    name: 'top-1',
    title: 'Top-1 accuracy',
    axis: '%',
    columns: [
      ['eval_top1', 'validation'],
      ['train_top1', 'training'],
      ['ema_top1', 'validation, averaged weights'],
    ],
    published: 'top1',
    events: true,
  },
  {
    name: 'top-5',
    title: 'Top-5 accuracy',
    axis: '%',
    columns: [
      ['eval_top5', 'validation'],
      ['train_top5', 'training'],
      ['ema_top5', 'validation, averaged weights'],
    ],
    published: 'top5',
    events: true,
  },
  {
    name: 'learning-rate',
    title: 'Learning rate',
    axis: 'at the end of the epoch',
    columns: [['lr', '']],
  },
  {
    name: 'throughput',
    title: 'Throughput',
    axis: 'training images a second',
    columns: [['images_per_second', '']],
    fromZero: true,
  },
  {
    name: 'waiting',
    title: 'Waiting for images',
    axis: '% of the time of training',
    columns: [['data_wait_percent', '']],
    fromZero: true,
  },
];

export async function curves(
  runs: readonly ReportedRun[],
): Promise<{ section: Section; charts: NamedChart[] }> {
  const specs = FIGURES.map((figure) => chartOf(figure, runs)).filter(
    ({ lines }) => lines.length > 0,
  );
  const charts: NamedChart[] = [];
  for (const spec of specs)
    charts.push({ name: spec.name, chart: await drawChart(curveSpec(spec)) });
  const figures = specs.map((spec, at) => {
    return chartFigure((charts[at] as NamedChart).chart, summaryOf(spec), captionOf(spec, runs));
  });
  const body =
    figures.length === 0
      ? html`<p class="missing">No epoch is complete yet: summary.csv has no row.</p>`
      : html`<div class="charts">${figures}</div>`;
  return { section: { id: 'curves', title: 'Curves', body }, charts };
}

function chartOf(figure: Figure, runs: readonly ReportedRun[]): CurveChart {
  const alone = runs.length === 1;
  const lines = runs.flatMap((run) =>
    figure.columns.map(([column, what]): Line => {
      const points = run.rows.flatMap(({ epoch, [column]: value }) =>
        epoch === undefined || value === undefined ? [] : [{ epoch, value }],
      );
      return { series: alone ? what : run.name, dash: alone ? '' : what, points };
    }),
  );
  const { name, title, axis, fromZero = false, published } = figure;
  const known = lines.filter(({ points }) => points.length > 0);
  return {
    ...{ name, title, axis, fromZero, lines: known },
    logarithmic: name === 'loss' && spansDecades(known),
    levels: published === undefined ? [] : publishedLevels(runs, published),
    marks: figure.events && known.length > 0 ? marksOf(runs) : [],
  };
}

/** More of them cover the curves; the table has all. */
const MOST_MARKS = 60;

function marksOf(runs: readonly ReportedRun[]): Mark[] {
  const marks = runs.flatMap((run) =>
    eventsOf(run).flatMap((event): Mark[] => {
      const epoch = epochOfStep(event, run.rows);
      if (epoch === undefined) return [];
      const where = runs.length === 1 ? '' : `${run.name}, `;
      const series = runs.length === 1 ? undefined : run.name;
      return [
        {
          epoch,
          kind: event.kind,
          series,
          text: `${where}step ${event.step}, ${event.kind}: ${event.text}`,
        },
      ];
    }),
  );
  return marks.slice(0, MOST_MARKS);
}

/** Whether the first epochs would press all others flat. */
function spansDecades(lines: readonly Line[]): boolean {
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value));
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) > 30 * least;
}

/** What was published, once for each network. */
function publishedLevels(runs: readonly ReportedRun[], which: 'top1' | 'top5'): Level[] {
  const networks = new Map(runs.map((run) => [run.arch, publishedFor(run)?.[which]]));
  return [...networks].flatMap(([arch, value]) => {
    if (value === undefined) return [];
    return [{ value, text: `${networks.size === 1 ? '' : `${arch} `}published: ${value}` }];
  });
}

function captionOf({ levels = [], marks = [] }: CurveChart, runs: readonly ReportedRun[]) {
  const protocols = new Set(runs.flatMap((run) => publishedFor(run)?.protocol ?? []));
  const kinds = [...new Set(marks.map(({ kind }) => kind))];
  const sentences = [
    ...(levels.length === 0 ? [] : [`Published: ${[...protocols].join('; ')}.`]),
    ...(kinds.length === 0 ? [] : [`Triangles are events: ${kinds.join(', ')}.`]),
  ];
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

/** The chart in words: where each line begins and ends. */
function summaryOf({ title, lines }: CurveChart): string {
  const parts = lines.map(({ series, dash, points }) => {
    const what = [series, dash].filter((part) => part !== '').join(', ');
    const [first, last] = [points[0], points.at(-1)];
    return `${what ? `${what}: ` : ''}${first?.value} in epoch ${first?.epoch}, ${last?.value} in epoch ${last?.epoch}`;
  });
  return `${title}. ${parts.join('; ')}`;
}
