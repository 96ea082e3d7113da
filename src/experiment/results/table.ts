/** The results of cells as rows: for results.csv, for README.md, for the terminal. */
import { csvOf } from '../../evaluate/result-files.js';
import { MEASURES, type Measure } from '../file/format.js';
import type { CellResult } from './cell-results.js';
import type { CellComparison } from './comparisons.js';
import { verdictText } from './comparisons.js';
import type { Spread } from './student.js';

const MEASURE_NAMES = Object.keys(MEASURES) as Measure[];
const SCORES = ['loss', 'top1', 'top5'] as const;

/** Headings of a measure in tables; accuracies are in percent. */
const HEADINGS: Readonly<Record<Measure, string>> = {
  top1: 'top-1',
  top5: 'top-5',
  loss: 'loss',
  'train-top1': 'train top-1',
  'train-loss': 'train loss',
};

/** A row for each cell, also for those of which no run is finished. */
export function resultsCsv(axes: readonly string[], cells: readonly CellResult[]): string {
  const settings = [...new Set(cells.flatMap((cell) => Object.keys(cell.settings)))];
  const own = settings.filter((name) => !axes.includes(name));
  const spreads = MEASURE_NAMES.flatMap((name) => {
    const column = name.replace('-', '_');
    return [`${column}_mean`, `${column}_std`];
  });
  const columns = [
    ...['cell', ...axes, ...own, 'n', ...spreads],
    ...['images_per_second', 'seconds', 'parameters', 'gmacs', 'peak_memory_mb'],
    ...SCORES.map((name) => `ensemble_${name}`),
    'runs',
  ];
  return csvOf(columns, cells.map(csvRow));
}

function csvRow(cell: CellResult): Record<string, string | number> {
  const spreads = MEASURE_NAMES.flatMap((name) => {
    const column = name.replace('-', '_');
    const spread = cell.measures[name];
    return [
      [`${column}_mean`, shortNumber(spread?.mean)],
      [`${column}_std`, shortNumber(spread?.deviation)],
    ];
  });
  const settings = Object.entries(cell.settings).map(([name, value]) => [name, String(value)]);
  const ensemble = SCORES.map((name) => [`ensemble_${name}`, shortNumber(cell.ensemble?.[name])]);
  return {
    ...cell.labels,
    ...Object.fromEntries(settings),
    ...{ cell: cell.name, n: cell.runs.length },
    ...Object.fromEntries([...spreads, ...ensemble]),
    images_per_second: shortNumber(cell.imagesPerSecond),
    seconds: shortNumber(cell.seconds),
    parameters: cell.parameters ?? '',
    gmacs: shortNumber(cell.macs && cell.macs / 1e9),
    peak_memory_mb: shortNumber(cell.peakBytes && Math.round(cell.peakBytes / 1e6)),
    runs: cell.runs.map(({ path }) => path).join(' '),
  };
}

function shortNumber(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toPrecision(7)));
}

/** The table of cells, the first row its header. `compared`: measures that are shown in any case. */
export function cellTable(cells: readonly CellResult[], compared: readonly Measure[]): string[][] {
  const shown = MEASURE_NAMES.filter((name) => name === 'top1' || compared.includes(name));
  const others = MEASURE_NAMES.filter((name) => !shown.includes(name) && name !== 'top5');
  const measures = [...shown, ...others];
  const withEnsembles = cells.some(({ ensemble }) => ensemble !== undefined);
  const header = [
    ...['cell', 'n', ...measures.map((name) => HEADINGS[name])],
    ...(withEnsembles ? ['ensemble top-1'] : []),
    ...['parameters', 'GMACs', 'images/s', 's a run', 'MB'],
  ];
  const rows = cells.map((cell) => [
    ...[cell.name, String(cell.runs.length)],
    ...measures.map((name) => spreadText(cell.measures[name], name)),
    ...(withEnsembles ? [cell.ensemble?.top1.toFixed(2) ?? ''] : []),
    cell.parameters?.toLocaleString('en') ?? '',
    cell.macs === undefined ? '' : String(Number((cell.macs / 1e9).toPrecision(3))),
    cell.imagesPerSecond?.toFixed(0) ?? '',
    cell.seconds?.toFixed(0) ?? '',
    cell.peakBytes === undefined ? '' : (cell.peakBytes / 1e6).toFixed(0),
  ]);
  return [header, ...rows];
}

/** `90.12 ± 0.21`: mean and deviation. */
function spreadText(spread: Spread | undefined, measure: Measure): string {
  if (spread === undefined) return '';
  const digits = digitsOf(measure);
  const { mean, deviation } = spread;
  const around = deviation === undefined ? '' : ` ± ${deviation.toFixed(digits)}`;
  return mean.toFixed(digits) + around;
}

/** Losses have more digits than percents. */
function digitsOf(measure: Measure): number {
  return measure.endsWith('loss') ? 4 : 2;
}

/** The table of comparisons, the first row its header. */
export function comparisonTable(comparisons: readonly CellComparison[]): string[][] {
  const header = ['second less first', 'by', 'n', 'difference', '95 %', 'that is'];
  const rows = comparisons.map((comparison) => {
    const { first, second, measure, n, difference, interval } = comparison;
    const digits = digitsOf(measure);
    const between = interval?.map((bound) => signed(bound, digits)).join(' to ') ?? '';
    return [
      ...[`${second} − ${first}`, HEADINGS[measure], String(n)],
      ...[difference === undefined ? '' : signed(difference, digits), between],
      verdictText(comparison),
    ];
  });
  return [header, ...rows];
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}
