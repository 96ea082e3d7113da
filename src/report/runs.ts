/** The runs that a report is of. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Architecture } from '../archs/index.js';
import { DataError } from '../errors.js';
import { type Row, readSummary } from '../runs/csv.js';
import { trainerOf } from '../runs/lock.js';
import { findRun, type RunDirectory, type RunRecord, readRecord } from '../runs/run-directory.js';
import { architectureOfSettings } from '../session/network-card.js';
import { exists } from '../system/files.js';

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

/** The runs that paths mean: runs, their checkpoints, and directories with runs below them. */
export async function openRuns(paths: readonly string[]): Promise<ReportedRun[]> {
  const found: RunDirectory[] = [];
  for (const path of paths) {
    for (const run of await runsAt(path)) {
      if (!found.some((other) => other.path === run.path)) found.push(run);
    }
  }
  const names = shortNames(found.map(({ path }) => path));
  return Promise.all(found.map((run, at) => openRun(run, names[at] as string)));
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
  if (entries.some(({ name }) => name === 'run.json')) return [await findRun(path)];
  if (depth === 0) return [];
  const directories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = directories.sort().map((name) => runsBelow(join(path, name), depth - 1));
  return (await Promise.all(found)).flat();
}

async function openRun(directory: RunDirectory, name: string): Promise<ReportedRun> {
  const record = await readRecord(directory);
  const arch = record.settings.arch?.value;
  if (typeof arch !== 'string') {
    throw new DataError(`${directory.record} is damaged: it does not name the network`);
  }
  return {
    ...{ directory, name, record, arch },
    rows: await readSummary(directory.summary),
    architecture: knownArchitecture(record),
    trainer: await trainerOf(directory),
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
