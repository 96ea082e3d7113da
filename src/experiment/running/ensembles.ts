/** The runs of a cell, one for each seed, evaluated as one network. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { readRecord, runDirectory } from '../../runs/run-directory.js';
import { replaceFile } from '../../system/files.js';
import { readRegularFile } from '../../system/read-file.js';
import type { Cell } from '../file/cells.js';
import type { Experiment } from '../file/experiment.js';
import { plannedRuns, runsDirectory } from './runs.js';

const scoresSchema = z.object({
  loss: z.number(),
  top1: z.number(),
  top5: z.number(),
  images: z.number(),
});

/** The scores of the mean of the networks; accuracies in percent. */
export type EnsembleScores = z.infer<typeof scoresSchema>;

const fileSchema = scoresSchema.extend({
  /** Each run, with when it was started: another one may have taken its place. */
  members: z.record(z.string(), z.string()),
});

const MOST_BYTES = 2 ** 20;

/** The directories of the runs of a cell. */
export function membersOf(experiment: Experiment, cell: string): string[] {
  const runs = plannedRuns(experiment).filter(({ cell: { name } }) => name === cell);
  return runs.map(({ directory }) => directory);
}

/** The scores that were written; undefined where there are none of the runs that are there now. */
export async function readEnsemble(
  experiment: Experiment,
  cell: Pick<Cell, 'name'>,
): Promise<EnsembleScores | undefined> {
  try {
    const text = await readRegularFile(fileOf(experiment, cell.name), MOST_BYTES);
    const { members, ...scores } = fileSchema.parse(JSON.parse(text.toString()));
    const now = await startsOf(experiment, cell.name);
    return isDeepStrictEqual(members, now) ? scores : undefined;
  } catch {
    return undefined;
  }
}

export async function writeEnsemble(
  experiment: Experiment,
  cell: string,
  { loss, top1, top5, images }: EnsembleScores,
): Promise<void> {
  const members = await startsOf(experiment, cell);
  const json = { loss, top1, top5, images, members };
  await replaceFile(fileOf(experiment, cell), `${JSON.stringify(json, undefined, 2)}\n`);
}

function fileOf(experiment: Experiment, cell: string): string {
  return join(runsDirectory(experiment), cell, 'ensemble.json');
}

async function startsOf(experiment: Experiment, cell: string): Promise<Record<string, string>> {
  const entries = plannedRuns(experiment)
    .filter((run) => run.cell.name === cell)
    .map(async ({ seed, directory }) => {
      const { started } = await readRecord(runDirectory(directory));
      return [`seed-${seed}`, started] as const;
    });
  return Object.fromEntries(await Promise.all(entries));
}
