/** What came out of the runs of an experiment, read from their directories alone. */
import { readdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { median } from '../../median.js';
import { type Row, readSummary } from '../../runs/csv.js';
import { type RunRecord, runDirectory } from '../../runs/run-directory.js';
import { hasCode } from '../../system/system-errors.js';
import type { Experiment } from '../file/experiment.js';
import type { Measure } from '../file/format.js';
import {
  isOwnFile,
  type PlannedRun,
  plannedRuns,
  runsDirectory,
  stateOf,
} from '../running/runs.js';

/** A finished run. */
export interface RunResult {
  readonly cell: string;
  readonly seed: number;
  /** From the directory of the question. */
  readonly path: string;
  readonly directory: string;
  readonly record: RunRecord;
  readonly rows: readonly Partial<Row>[];
  /** Of the last epoch; undefined for what the summary lacks, because it was no number. */
  readonly measures: Readonly<Record<Measure, number | undefined>>;
  /** The median of the epochs. */
  readonly imagesPerSecond: number | undefined;
  readonly seconds: number;
  /** The most memory that the process of the training held; undefined where nobody wrote it down. */
  readonly peakBytes: number | undefined;
}

/** Why a run is not in the results, in words. */
export interface Absent {
  readonly run: string;
  readonly why: string;
}

export interface Results {
  readonly experiment: Experiment;
  readonly runs: readonly RunResult[];
  readonly absent: readonly Absent[];
}

/** The column of summary.csv that each measure is. */
const COLUMN = {
  top1: 'eval_top1',
  top5: 'eval_top5',
  loss: 'eval_loss',
  'train-top1': 'train_top1',
  'train-loss': 'train_loss',
} as const satisfies Record<Measure, keyof Row>;

export function columnOf(measure: Measure): keyof Row {
  return COLUMN[measure];
}

export async function readResults(experiment: Experiment): Promise<Results> {
  const runs: RunResult[] = [];
  const absent: Absent[] = [];
  for (const run of plannedRuns(experiment)) {
    const found = await readRun(experiment, run);
    if ('why' in found) absent.push(found);
    else runs.push(found);
  }
  return { experiment, runs, absent: [...absent, ...(await strangers(experiment))] };
}

async function readRun(experiment: Experiment, run: PlannedRun): Promise<RunResult | Absent> {
  const { name, directory, cell, seed } = run;
  const state = await stateOf(run, 'ignored');
  const { summary } = runDirectory(directory);
  if (state.kind === 'missing') return { run: name, why: 'not trained yet' };
  if (state.kind === 'changed') {
    return { run: name, why: `trained with other settings (${state.changes.join(', ')})` };
  }
  const rows = await readSummary(summary);
  if (state.kind !== 'finished') {
    const { epochs } = cell.resolved.settings;
    const why = state.kind === 'training' ? 'being trained now' : 'not finished';
    return { run: name, why: `${why}, ${rows.length} of ${epochs} epochs` };
  }
  const last = rows.at(-1) ?? {};
  const measures = Object.entries(COLUMN).map(([measure, column]) => [measure, last[column]]);
  const rates = rows.flatMap(({ images_per_second: rate }) => (rate === undefined ? [] : [rate]));
  return {
    ...{ cell: cell.name, seed, directory, rows, record: state.record },
    path: relative(experiment.directory, directory),
    measures: Object.fromEntries(measures) as RunResult['measures'],
    imagesPerSecond: median(rates),
    seconds: rows.reduce((sum, { seconds = 0 }) => sum + seconds, 0),
    peakBytes: state.outcome?.peak_bytes,
  };
}

/** Directories that no cell of the file names. */
async function strangers(experiment: Experiment): Promise<Absent[]> {
  const root = runsDirectory(experiment);
  const names = await readdir(root).catch((error) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const known = experiment.cells.map(({ name }) => name);
  return names
    .filter((name) => !known.includes(name) && !isOwnFile(name))
    .map((name) => ({ run: name, why: 'no cell of the file' }));
}

/** A line for each reason, with the runs of which it is true. */
export function absentLines(absent: readonly Absent[]): string[] {
  const reasons = [...new Set(absent.map(({ why }) => why))];
  return reasons.map((reason) => {
    const runs = absent.filter(({ why }) => why === reason).map(({ run }) => run);
    return `${reason}: ${runs.join(', ')}`;
  });
}
