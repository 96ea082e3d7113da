import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { DataError, UsageError } from '../errors.js';
import type { Augmentation } from '../session/augmentation.js';
import type { Provenance } from '../settings/resolve.js';
import { ORIGINS } from '../settings/types.js';
import {
  exists,
  makeDirectories,
  replaceFile,
  syncDirectory,
  temporaryName,
} from '../system/files.js';
import { readRegularFile } from '../system/read-file.js';
import { cannotWrite, hasCode, systemReason } from '../system/system-errors.js';
import { decodeText } from '../system/text.js';
import { startSummary } from './csv.js';

/** The files of a run. */
export interface RunDirectory {
  readonly path: string;
  readonly record: string;
  readonly summary: string;
  readonly last: string;
  readonly best: string;
  /** Which run of an MLflow server this is. */
  readonly mlflow: string;
  /** The directory of TensorBoard's event files. */
  readonly tensorboard: string;
  /** The names of the training images of a run with --subset, which `--subset FILE` takes. */
  readonly subset: string;
}

export interface RunEvent {
  /** ISO 8601. */
  readonly time: string;
  /** The epoch that was being trained or evaluated, from 1. */
  readonly epoch: number;
  /** Steps taken when it was noticed. */
  readonly step: number;
  /** One word for programs: "diverged", "dead-relu". */
  readonly kind: string;
  /** A sentence for people. */
  readonly text: string;
}

/** What run.json holds. */
export interface RunRecord {
  readonly settings: Provenance;
  readonly started: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly hardware: Readonly<Record<string, string | number>>;
  readonly backend: { name: string; precision: string; threads: number; why: string };
  readonly data: {
    name: string;
    root: string;
    /** Absent in the first runs. */
    layout?: string;
    fingerprint: string;
    /** The same without the draw of the training images; absent in the first runs. */
    evaluation?: string;
    training: number;
    validation: number;
    classes: readonly string[];
  };
  /** How training images are augmented; absent in the first runs. */
  readonly augmentation?: Augmentation;
  /**
   * Of backend cpu: the candidate of each call of a training step that another one computes than the
   * fixed table's. Absent in the first runs.
   */
  readonly choices?: Readonly<Record<string, string>>;
  /** One entry for each resume: the step, and the settings that changed. */
  readonly resumed: readonly { time: string; step: number; changed: Provenance }[];
  /** Absent in the first runs. */
  readonly events?: readonly RunEvent[];
}

const recordSchema = z.looseObject({
  settings: z.record(
    z.string(),
    z.object({
      value: z.union([
        z.string(),
        z.number(),
        z.boolean(),
        z.null(),
        z.array(z.number()),
        z.array(z.string()),
      ]),
      source: z.enum(ORIGINS),
      where: z.string().optional(),
    }),
  ),
  events: z.array(z.looseObject({ kind: z.string() })).optional(),
  data: z.looseObject({
    ...{ fingerprint: z.string(), root: z.string(), name: z.string() },
    evaluation: z.string().optional(),
    classes: z.array(z.string()),
  }),
  augmentation: z
    .looseObject({
      principalColours: z.looseObject({
        values: z.array(z.number()).length(3),
        vectors: z.array(z.array(z.number()).length(3)).length(3),
      }),
    })
    .optional(),
  choices: z.record(z.string(), z.string()).optional(),
  resumed: z.array(z.looseObject({ step: z.int() })),
});

/** The most that run.json may take: a million names of classes fit. */
const MOST_RECORD_BYTES = 2 ** 26;

/**
 * Makes the directory of a new run, so that one that cannot be written fails before any training.
 * It is complete, with all that `fill` writes, or not there: one that is there can be resumed.
 */
export async function createRun(
  output: string,
  name: string | null,
  arch: string,
  fill: (run: RunDirectory) => Promise<void>,
): Promise<RunDirectory> {
  if (name !== null && (name !== basename(name) || name === '.' || name === '..')) {
    throw new UsageError(`Expected --experiment to be a name without "/" but received "${name}"`);
  }
  try {
    await makeDirectories(output);
    const partial = runDirectory(temporaryName(join(output, 'run')));
    try {
      await mkdir(partial.path);
      await mkdir(dirname(partial.last));
      await startSummary(partial.summary);
      await fill(partial);
      return await takeName(partial.path, output, name, arch);
    } catch (error) {
      await rm(partial.path, { recursive: true, force: true });
      throw error;
    }
  } catch (error) {
    throw cannotWrite(
      `the run to ${name === null ? output : join(output, name)}`,
      error,
      'Choose another directory with --output',
    );
  }
}

/** The files of a run that exists. */
export function runDirectory(path: string): RunDirectory {
  return {
    path,
    record: join(path, 'run.json'),
    summary: join(path, 'summary.csv'),
    last: join(path, 'checkpoints', 'last'),
    best: join(path, 'checkpoints', 'best'),
    mlflow: join(path, 'mlflow.json'),
    tensorboard: join(path, 'tensorboard'),
    subset: join(path, 'subset.txt'),
  };
}

/** The run that a path means: its directory, or one of its checkpoints. */
export async function findRun(path: string): Promise<RunDirectory> {
  let found: string;
  try {
    for (const place of [path, dirname(dirname(path))]) {
      if (await exists(join(place, 'run.json'))) return runDirectory(place);
    }
    found = (await exists(path)) ? 'has no run.json' : 'does not exist';
  } catch (error) {
    throw new DataError(`Cannot read the run ${path}: ${systemReason(error)}`, { cause: error });
  }
  throw new DataError(`${path} is no run: it ${found}. Expected the directory of a run`);
}

export async function readRecord(run: RunDirectory): Promise<RunRecord> {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(await readRegularFile(run.record, MOST_RECORD_BYTES)));
  } catch (error) {
    throw new DataError(`Cannot read ${run.record}: ${systemReason(error)}`, { cause: error });
  }
  const result = recordSchema.safeParse(json);
  if (result.success) return json as RunRecord;
  const [issue] = result.error.issues;
  throw new DataError(`${run.record} is damaged: ${issue?.path.join('.')}: ${issue?.message}`);
}

export async function writeRecord(run: RunDirectory, record: RunRecord): Promise<void> {
  await replaceFile(run.record, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Gives the directory of a run a name that no other run has. */
async function takeName(
  partial: string,
  output: string,
  name: string | null,
  arch: string,
): Promise<RunDirectory> {
  const stem = join(output, name ?? `${timestamp(new Date())}-${arch}`);
  for (let count = 1; ; count++) {
    const path = count === 1 ? stem : `${stem}-${count}`;
    try {
      // Fails where a run is there already, so that of two runs of one second each has its own.
      await rename(partial, path);
      await syncDirectory(output);
      return runDirectory(path);
    } catch (error) {
      if (!hasCode(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR')) throw error;
      if (name === null) continue;
      throw new UsageError(
        `${path} exists already: choose another --experiment, or resume it with --resume ${path}`,
      );
    }
  }
}

/** `20250131-235959`, in local time. */
function timestamp(time: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('');
  return `${date}-${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join('')}`;
}
