/** The runs that a report is of. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Architecture } from '../archs/index.js';
import { CnnError, DataError, firstLine } from '../errors.js';
import { type Row, readSummary, summaryProblem } from '../runs/csv.js';
import { trainerOf } from '../runs/lock.js';
import {
  findRun,
  type RunDirectory,
  type RunRecord,
  readRecord,
  runDirectory,
} from '../runs/run-directory.js';
import { architectureOfSettings } from '../session/network-card.js';
import { exists, isTemporary } from '../system/files.js';

export interface ReportedRun {
  readonly directory: RunDirectory;
  /** What tells it from the other runs of the report. */
  readonly name: string;
  readonly record: RunRecord;
  readonly rows: readonly Partial<Row>[];
  /** Undefined where the catalogue has no such network any more. */
  readonly architecture: Architecture | undefined;
  /** The network, as the run names it. */
  readonly arch: string;
  /** The process that trains it now, in words. */
  readonly trainer: string | undefined;
}

/** Directories below one that is given, in which runs are looked for. */
const DEPTH = 3;

/** A run that cannot be reported, and what is wrong with it. */
export interface DamagedRun {
  readonly run: string;
  readonly why: string;
}

export interface OpenedRuns {
  readonly runs: readonly ReportedRun[];
  readonly damaged: readonly DamagedRun[];
}

/**
 * The runs that paths mean: runs, their checkpoints, and directories with runs below them. Throws
 * where a path means none, or where all of them are damaged.
 */
export async function openRuns(paths: readonly string[]): Promise<OpenedRuns> {
  const found: RunDirectory[] = [];
  for (const path of paths) {
    for (const run of await runsAt(path)) {
      if (!found.some((other) => other.path === run.path)) found.push(run);
    }
  }
  const names = shortNames(found.map(({ path }) => path));
  const opened = await Promise.all(found.map((run, at) => openIfWhole(run, names[at] as string)));
  const runs = opened.filter((run) => 'record' in run);
  const damaged = opened.filter((run) => 'why' in run);
  if (runs.length > 0) return { runs, damaged };
  throw new DataError(
    damaged.length === 1
      ? (damaged[0] as DamagedRun).why
      : `All ${damaged.length} runs are damaged:\n${damaged.map(({ why }) => `  ${why}`).join('\n')}`,
  );
}

async function runsAt(path: string): Promise<RunDirectory[]> {
  try {
    return [await findRun(path)];
  } catch (error) {
    const below = (await exists(path)) ? await runsBelow(path, DEPTH) : [];
    if (below.length > 0) return below;
    throw error;
  }
}

async function runsBelow(path: string, depth: number): Promise<RunDirectory[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const names = entries.map(({ name }) => name);
  // A run that lost its record is a run all the same.
  if (names.includes('run.json') || names.includes('summary.csv')) return [runDirectory(path)];
  if (depth === 0) return [];
  const directories = entries.filter((entry) => entry.isDirectory() && !isTemporary(entry.name));
  const found = directories.map(({ name }) => runsBelow(join(path, name), depth - 1));
  const below = (await Promise.all(found)).flat();
  return below.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function openIfWhole(
  directory: RunDirectory,
  name: string,
): Promise<ReportedRun | DamagedRun> {
  try {
    return await openRun(directory, name);
  } catch (error) {
    if (!(error instanceof CnnError)) throw error;
    return { run: directory.path, why: firstLine(error) };
  }
}

async function openRun(directory: RunDirectory, name: string): Promise<ReportedRun> {
  const trainer = await trainerOf(directory);
  const record = await readRecord(directory);
  const arch = record.settings.arch?.value;
  if (typeof arch !== 'string') {
    throw new DataError(`${directory.record} is damaged: it does not name the network`);
  }
  const problem = await summaryProblem(directory.summary, trainer !== undefined);
  if (problem !== undefined) {
    throw new DataError(`${directory.summary} is damaged: ${problem}`);
  }
  return {
    ...{ directory, name, record, arch, trainer },
    rows: await readSummary(directory.summary),
    architecture: knownArchitecture(record),
  };
}

function knownArchitecture({ settings }: RunRecord): Architecture | undefined {
  try {
    return architectureOfSettings(settings);
  } catch {
    return undefined;
  }
}

/** The last parts of paths, as many as tell them apart. */
function shortNames(paths: readonly string[]): string[] {
  for (let parts = 1; parts <= 4; parts++) {
    const names = paths.map((path) => path.split('/').filter(Boolean).slice(-parts).join('/'));
    if (new Set(names).size === paths.length) {
      return names.map((name, at) => name || basename(paths[at] as string));
    }
  }
  return [...paths];
}
