/**
 * The tables of a commit: bench/results/<commit>.csv of training steps, eval-<commit>.csv of passes
 * forward; a row for each round of each program.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseCsv } from './csv.js';
import type { Layout } from './layout.js';
import { append } from './rounds.js';

/** What is measured. */
export interface Cell {
  /** Training where it is left out. Each has tables of its own, without this column. */
  readonly task?: 'eval';
  readonly arch: string;
  readonly batch_size: number;
  readonly precision: string;
  /** 0 where GoogLeNet's auxiliary heads are left out. */
  readonly aux_weight: number;
  readonly threads: number;
  readonly hardware: string;
}

/** A program and its version. */
export interface Side {
  readonly program: string;
  readonly version: string;
}

/** One round of one program; '' where the program did not tell. */
export interface Row extends Cell, Side {
  /** Of the run, the same for all its rounds. */
  readonly date: string;
  readonly commit: string;
  readonly round: number;
  readonly layout?: Layout | '';
  readonly steps?: number | '';
  readonly images_per_second?: number | '';
  readonly milliseconds_per_step?: number | '';
  readonly javascript_milliseconds_per_step?: number | '';
  readonly peak_bytes?: number | '';
  readonly peak_resident_bytes?: number | '';
  /** Why there are no rounds. */
  readonly failure?: string;
}

const TEXTS = ['date', 'commit', 'hardware', 'program', 'version', 'arch', 'precision'];

// biome-ignore format: a table
export const COLUMNS: readonly (keyof Row)[] = [
  'date', 'commit', 'hardware', 'program', 'version',
  'arch', 'batch_size', 'precision', 'aux_weight', 'threads', 'layout', 'round', 'steps',
  'images_per_second', 'milliseconds_per_step', 'javascript_milliseconds_per_step',
  'peak_bytes', 'peak_resident_bytes', 'failure',
];

const folder = new URL('results/', import.meta.url);

/** The table of a commit that has such rows. */
export function tableName(commit: string, { task }: Pick<Cell, 'task'>): string {
  return task === 'eval' ? `eval-${commit}` : commit;
}

/** Appends to a table, whose path it returns. */
export function appendRows(table: string, rows: readonly Row[]): Promise<string> {
  return append(table, COLUMNS, rows);
}

export function readRows(table: string): Row[] {
  const file = new URL(`${table}.csv`, folder);
  return existsSync(file) ? rowsOf(readFileSync(file, 'utf8')) : [];
}

/** The rows of all commits, the oldest first, of training or evaluation. */
export function readAllRows({ task }: Pick<Cell, 'task'> = {}): Row[] {
  const pattern =
    task === 'eval' ? /^(eval-[0-9a-f]{7,}(-dirty)?)\.csv$/ : /^([0-9a-f]{7,}(-dirty)?)\.csv$/;
  return readdirSync(folder)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .flatMap(readRows)
    .sort((a, b) => a.date.localeCompare(b.date));
}

export function rowsOf(text: string): Row[] {
  const texts = [...TEXTS, 'layout', 'failure'];
  return parseCsv(text).map((record) => {
    const entries = Object.entries(record).map(([column, value]) => [
      column,
      texts.includes(column) || value === '' ? value : Number(value),
    ]);
    return Object.fromEntries(entries) as Row;
  });
}

/** The rows of the last run that measured this. */
export function lastRun(rows: readonly Row[], cell: Cell): Row[] {
  const same = rows.filter((row) => isOf(row, cell));
  const date = same.map((row) => row.date).reduce((a, b) => (a > b ? a : b), '');
  return same.filter((row) => row.date === date);
}

/** Whether a run has enough rounds of each side, or says why a side has none. */
export function isComplete(run: readonly Row[], sides: readonly Side[], rounds: number): boolean {
  return sides.every((side) => {
    const own = run.filter((row) => isFrom(row, side));
    return own.some(({ failure }) => failure) || own.length >= rounds;
  });
}

/** The layout in which this version of PyTorch was faster when both were last tried. */
export function knownLayout(
  rows: readonly Row[],
  cell: Cell,
  { version }: Side,
): Layout | undefined {
  const last = rows.findLast((row) => isOf(row, cell) && row.version === version && row.layout);
  return last?.layout || undefined;
}

export function isFrom(row: Side, { program, version }: Side): boolean {
  return row.program === program && row.version === version;
}

function isOf(row: Cell, cell: Cell): boolean {
  return (
    row.arch === cell.arch &&
    row.batch_size === cell.batch_size &&
    row.precision === cell.precision &&
    row.aux_weight === cell.aux_weight &&
    row.threads === cell.threads &&
    row.hardware === cell.hardware
  );
}
