/** The parts of the page about accuracy and cost. */
import { bubbleSpec } from '../charts/bubbles.js';
import { drawChart } from '../charts/chart.js';
import { depthSpec } from '../charts/depth.js';
import { chartFigure } from '../page/figure.js';
import { html } from '../page/html.js';
import type { Section } from '../page/page.js';
import { tableOf } from '../page/table.js';
import type { NamedChart } from '../sections/curves.js';
import { grouped } from '../sections/words.js';
import { challengeEntries } from './challenge.js';
import { KINDS, type Panel, type Point } from './points.js';

export interface Drawn {
  readonly section: Section;
  readonly charts: readonly NamedChart[];
}

/** Published points that are no figure of their own. */
const FEW_POINTS = 3;

export async function panelSection({ data, points }: Panel): Promise<Drawn> {
  const drawn = points.filter((point) => point.drawn);
  const id = data.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const costs = new Set(drawn.map(({ gmacs }) => gmacs));
  const measured = drawn.some((point) => point.measured);
  const isFigure = costs.size > 1 && (measured || drawn.length >= FEW_POINTS);
  const title = `Accuracy against cost: ${data}`;
  const bubbles = drawn.map((point) => ({
    ...point,
    top1: point.top1 as number,
    text: textOf(point),
  }));
  const chart = isFigure ? await drawChart(bubbleSpec(title, bubbles, KINDS)) : undefined;
  const figure =
    chart === undefined
      ? html`<p class="soft">Too few networks with a published accuracy for a figure.</p>`
      : chartFigure(chart, summaryOf(title, bubbles), captionOf(drawn));
  return {
    section: { id, title: data, body: html`${figure}${tableOfPoints(data, points)}` },
    charts: chart === undefined ? [] : [{ name: `complexity-${id}`, chart }],
  };
}

function textOf({ name, top1, gmacs, parameters, protocol, measured }: Point): string {
  const how = measured ? 'measured' : 'published';
  return `${name}: ${top1} % ${how}, ${shortGmacs(gmacs)} GMACs, ${grouped(parameters)} parameters; ${protocol}`;
}

function summaryOf(title: string, bubbles: readonly { name: string; top1: number }[]): string {
  const best = bubbles.reduce((first, other) => (other.top1 > first.top1 ? other : first));
  return `${title}: ${bubbles.length} networks, the most accurate is ${best.name} with ${best.top1} %. The table below has all of them.`;
}

function captionOf(drawn: readonly Point[]): string {
  const hollow = drawn.some(({ oneCrop }) => !oneCrop);
  const runs = drawn.some(({ measured }) => measured);
  return [
    'The area of a disc is its number of parameters.',
    hollow &&
      'Hollow: published for more than one centre crop, which costs more than the multiply-adds drawn, those of one crop of the network’s size.',
    runs && 'Diamonds were measured in the runs that are given.',
  ]
    .filter((sentence) => sentence !== false)
    .join(' ');
}

function tableOfPoints(data: string, points: readonly Point[]) {
  const numeric = true;
  const columns = [
    { title: 'network' },
    ...['year', 'layers', 'parameters', 'GMACs', 'top-1', 'top-5'].map((title) => {
      return { title, numeric };
    }),
    ...['protocol', 'from', 'in the figure'].map((title) => ({ title })),
  ];
  const rows = points.map((point) => [
    point.name,
    point.year,
    point.depth,
    grouped(point.parameters),
    { shown: shortGmacs(point.gmacs), sortedBy: point.gmacs },
    point.top1 ?? '',
    point.top5 ?? '',
    point.protocol || 'nothing was published',
    point.source,
    point.drawn ? 'yes' : 'no',
  ]);
  return tableOf(columns, rows, { caption: `Results on ${data}, in percent`, sortable: true });
}

export async function depthSection(): Promise<Drawn> {
  const entries = challengeEntries();
  const bars = entries.map(({ name, year, layers, error, arch, what }) => ({
    ...{ name, year, layers, error, inCatalogue: arch !== undefined },
    text: `${name}, ${year}: ${error} % with ${layers === undefined ? 'features made by hand' : `${layers} layers`}; ${what}`,
  }));
  const chart = await drawChart(depthSpec(bars));
  const [first, last] = [bars[0], bars.at(-1)];
  const label = `Top-5 error of ILSVRC from ${first?.error} % in ${first?.year} to ${last?.error} % in ${last?.year}, with up to ${last?.layers} layers`;
  const caption =
    'Errors on the images of the test, of all networks of an entry together; as in a talk of He, Zhang, Ren and Sun on ResNet, 2015.';
  const columns = [
    { title: 'entry' },
    ...['year', 'layers', 'top-5 error, %'].map((title) => ({ title, numeric: true })),
    ...['what', 'here', 'from'].map((title) => ({ title })),
  ];
  const rows = entries.map(({ name, year, layers, error, what, arch, source }) => [
    ...[name, year, layers ?? 'shallow', error, what],
    arch === undefined ? '' : html`<code>--arch ${arch}</code>`,
    source,
  ]);
  const table = tableOf(columns, rows, { caption: 'Entries of ILSVRC’s classification' });
  const body = html`${chartFigure(chart, label, caption)}${table}`;
  return {
    section: { id: 'depth', title: 'Revolution of depth', body },
    charts: [{ name: 'depth', chart }],
  };
}

function shortGmacs(gmacs: number): string {
  return String(Number(gmacs.toPrecision(3)));
}
