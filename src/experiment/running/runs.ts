/** The runs of an experiment on the disk: where each is, and how far it has come. */
import { basename, join, parse } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { lastingName } from '../../data/open-dataset.js';
import { hasCheckpoint, openCheckpoint } from '../../runs/checkpoint/open.js';
import { readSummary } from '../../runs/csv.js';
import { isBeingTrained, lockDirectory, lockFile } from '../../runs/lock.js';
import { type RunRecord, readRecord, runDirectory } from '../../runs/run-directory.js';
import type { OptionName, Value } from '../../settings/options/index.js';
import type { Claim } from '../../system/claim.js';
import { exists, makeDirectories, replaceFile } from '../../system/files.js';
import { readRegularFile } from '../../system/read-file.js';
import type { Cell } from '../file/cells.js';
import type { Experiment } from '../file/experiment.js';
import { CELL_OPTIONS } from '../file/format.js';

/** A cell with one of its seeds. */
export interface PlannedRun {
  readonly cell: Cell;
  readonly seed: number;
  /** `plain-20/1`, as people name it. */
  readonly name: string;
  readonly directory: string;
}

/** What a training writes into the directory of its run when it has come to its end. */
export interface Outcome {
  readonly ended: string;
  /** The most memory that the process held. */
  readonly peak_bytes: number;
}

export type RunState =
  | { readonly kind: 'missing' | 'unfinished' | 'training' }
  /** Its settings are no longer those of the file: `epochs: 3 → 5`. */
  | { readonly kind: 'changed'; readonly changes: readonly string[] }
  | { readonly kind: 'finished'; readonly record: RunRecord; readonly outcome?: Outcome };

/** Where the runs of a file are: `runs/experiment`, `runs/imagenet`. */
export function runsDirectory({ directory, file }: Pick<Experiment, 'directory' | 'file'>): string {
  return join(directory, 'runs', parse(file).name);
}

/**
 * Keeps others from training the runs of the file; throws a UsageError where somebody does. The lock
 * is among the runs, so that two files of one directory do not wait for each other.
 */
export async function lockExperiment(experiment: Experiment): Promise<Claim> {
  const root = runsDirectory(experiment);
  await makeDirectories(root);
  const does = `runs the experiment ${experiment.file}`;
  return lockDirectory(root, { does, called: `the runs of ${experiment.file} in ${root}` });
}

/** Names beside the cells that are of this program. */
export function isOwnFile(name: string): boolean {
  return name === basename(lockFile(''));
}

/** All runs, those of the first seed first: so each cell is soon known once. */
export function plannedRuns(experiment: Experiment): PlannedRun[] {
  const root = runsDirectory(experiment);
  return experiment.seeds.flatMap((seed) =>
    experiment.cells.map((cell) => ({
      ...{ cell, seed, name: `${cell.name}/${seed}` },
      directory: join(root, cell.name, `seed-${seed}`),
    })),
  );
}

/** Seconds that the epochs of a run took, with their evaluations. */
export async function secondsOf({ directory }: Pick<PlannedRun, 'directory'>): Promise<number> {
  const rows = await readSummary(runDirectory(directory).summary);
  return rows.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
}

/** Settings of the machine or of what is written besides, which a result does not depend on. */
const INDIFFERENT: readonly OptionName[] = [
  ...(['threads', 'workers', 'cache', 'device', 'data-patience', 'print-freq'] as const),
  ...(['tensorboard', 'mlflow', 'checkpoint-minutes', 'checkpoint-steps'] as const),
];

/**
 * `flags`: whether a setting that a flag gave to the run must be given again now; a report has no
 * such flags.
 */
export async function stateOf(
  { cell, seed, directory }: PlannedRun,
  flags: 'compared' | 'ignored',
): Promise<RunState> {
  const run = runDirectory(directory);
  if (!(await exists(run.record))) return { kind: 'missing' };
  const record = await readRecord(run);
  const changes = changesOf(cell, seed, record, flags === 'ignored');
  if (changes.length > 0) return { kind: 'changed', changes };
  if (await isBeingTrained(run)) return { kind: 'training' };
  const outcome = await readOutcome(directory);
  if (outcome !== undefined) return { kind: 'finished', record, outcome };
  if (!(await hasCheckpoint(run))) return { kind: 'unfinished' };
  const { epoch, step } = (await openCheckpoint(directory)).state.progress;
  const { epochs, maxSteps } = cell.resolved.settings;
  const ended = epoch >= epochs || (maxSteps !== null && step >= maxSteps);
  return ended ? { kind: 'finished', record } : { kind: 'unfinished' };
}

/** In what the settings of a run differ from those that its cell has now. */
function changesOf(
  { resolved, data }: Cell,
  seed: number,
  { settings }: RunRecord,
  ignoreFlags: boolean,
): string[] {
  const exact: Partial<Record<OptionName, Value>> = {
    seed,
    ...(data !== null && { data: lastingName(data) }),
  };
  return [...CELL_OPTIONS, 'seed' as const].flatMap((name) => {
    const [before, now] = [settings[name], resolved.provenance[name]];
    if (INDIFFERENT.includes(name) || before?.source === 'dataset') return [];
    if (ignoreFlags && before?.source === 'flag') return [];
    const isOwn = now?.source === 'default' || now?.source === 'recipe';
    // An earlier version did not have the setting yet.
    if (before === undefined && isOwn) return [];
    const [found, wanted] = [before?.value ?? null, exact[name] ?? now?.value ?? null];
    return isDeepStrictEqual(found, wanted) ? [] : [`${name}: ${text(found)} → ${text(wanted)}`];
  });
}

function text(value: Value): string {
  return value === null ? 'not set' : String(value);
}

const outcomeSchema = z.object({ ended: z.string(), peak_bytes: z.number() });
const MOST_BYTES = 2 ** 16;

function outcomeFile(directory: string): string {
  return join(directory, 'outcome.json');
}

export async function writeOutcome(directory: string, outcome: Outcome): Promise<void> {
  await replaceFile(outcomeFile(directory), `${JSON.stringify(outcome, undefined, 2)}\n`);
}

/** Undefined where there is none, or none that is whole: then the checkpoint tells. */
async function readOutcome(directory: string): Promise<Outcome | undefined> {
  try {
    const text = (await readRegularFile(outcomeFile(directory), MOST_BYTES)).toString();
    return outcomeSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
