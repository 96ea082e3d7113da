/** The table of `cnn summary`, for people and as CSV. */
import { createObjectCsvStringifier } from 'csv-writer/dist/index.js';
import { type LayerCost, shapeText } from '../../archs/index.js';
import { table } from '../../terminal/table.js';

/** What all layers take together. */
export interface Totals {
  readonly parameters: number;
  readonly weights: number;
  readonly biases: number;
  readonly macs: number;
  /** Values of one image. */
  readonly activations: number;
  readonly activationBytes: number;
}

const COUNTS = ['activations', 'weights', 'biases', 'parameters', 'macs'] as const;

export function totalsOf(costs: readonly LayerCost[], precision: 'f32' | 'bf16'): Totals {
  const total = { activations: 0, weights: 0, biases: 0, parameters: 0, macs: 0 };
  for (const cost of costs) for (const count of COUNTS) total[count] += cost[count];
  return { ...total, activationBytes: total.activations * (precision === 'bf16' ? 2 : 4) };
}

/** A row for each layer and one for all, aligned. */
export function tableLines(costs: readonly LayerCost[], totals: Totals): string[] {
  const header = ['layer', 'kind', 'output', 'memory', 'weights', 'biases', 'parameters', 'MACs'];
  const rows = costs.map((cost) => [
    cost.name,
    cost.kind,
    shapeText(cost.outputShape),
    ...counts(cost),
  ]);
  const total = ['total', '', '', ...counts(totals)];
  return table([header, ...rows, total], { alignment: ['left', 'left'], leaveOut: [4, 5, 1] });
}

function counts({
  activations,
  weights,
  biases,
  parameters,
  macs,
}: Omit<Totals, 'activationBytes'>) {
  return [short(activations), ...[weights, biases, parameters, macs].map(grouped)];
}

/** The same rows as CSV, with every digit and without the total. */
export function csvLines(costs: readonly LayerCost[]): string[] {
  const stringifier = createObjectCsvStringifier({
    header: ['name', 'kind', 'output_shape', ...COUNTS].map((id) => ({ id, title: id })),
  });
  const records = costs.map((cost) => ({ ...cost, output_shape: cost.outputShape.join('x') }));
  const text = `${stringifier.getHeaderString()}${stringifier.stringifyRecords(records)}`;
  return text.trimEnd().split('\n');
}

/** The totals, as the end of a sentence. */
export function totalsText(totals: Totals, precision: 'f32' | 'bf16'): string {
  const { parameters, macs, activations, activationBytes } = totals;
  return (
    `${grouped(parameters)} parameters, ${grouped(macs)} multiply-adds and ` +
    `${grouped(activations)} activations (${megabytes(activationBytes)} in ${precision}) for an image`
  );
}

/** `1,234`. */
export function grouped(count: number): string {
  return count.toLocaleString('en');
}

export function megabytes(bytes: number): string {
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return `${(bytes / 1e6).toLocaleString('en', digits)} MB`;
}

/** Counts as in the VGG table of textbooks: 3.2M, 803K, 4096. */
function short(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)}M`;
  return count >= 1e4 ? `${(count / 1e3).toFixed(0)}K` : String(count);
}
