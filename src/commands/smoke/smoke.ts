/** Trains one network for a few steps, and checks all that a training must do. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { DataError, firstLine, UsageError } from '../../errors.js';
import { median } from '../../measure/median.js';
import { type Reporter, SILENT } from '../../session/reporter.js';
import type { Given } from '../../settings/given.js';
import type { TrainRequest } from '../../train/start/request.js';
import { type TrainResult, train } from '../../train/train.js';
import { givenRequest } from '../train.js';
import { CHECK, type CheckName } from './checks.js';
import { copyRun } from './copy-run.js';
import { inScratchDirectory } from './scratch-directory.js';
import { checkFlags, shortened, withValues } from './short-training.js';

/** Of each check that was made what is wrong, or null. */
export type Checked = Readonly<Partial<Record<CheckName, string | null>>>;

export interface Smoke {
  readonly arch: string;
  readonly inputSize: number;
  /** The median training loss of each epoch. */
  readonly losses: readonly number[];
  readonly checks: Checked;
  readonly seconds: number;
}

/** Of weights and momenta in the checkpoints of a run and its copy, and of one that is written. */
const BYTES_PER_PARAMETER = 4 * 2 * 5;

/** Throws what is wrong with flags or data; whatever else goes wrong is a check that failed. */
export async function smoke(
  given: Given,
  reporter: Reporter = SILENT,
  onCopy: (run: string) => void = () => {},
): Promise<Smoke> {
  const started = performance.now();
  checkFlags(given);
  const request = await shortened(await givenRequest(given, reporter));
  const { architecture, settings } = request;
  const bytes = architecture.parameters * BYTES_PER_PARAMETER;
  const outcome = await inScratchDirectory(bytes, async (output) => {
    const copy = join(output, 'copy');
    const placed = withValues(request, { output, experiment: 'whole' });
    return checkTraining(placed, copy, reporter, () => {
      copyRun(join(output, 'whole'), copy);
      onCopy(copy);
    });
  });
  const seconds = (performance.now() - started) / 1000;
  return { arch: architecture.name, inputSize: settings.inputSize, ...outcome, seconds };
}

async function checkTraining(
  request: TrainRequest,
  copy: string,
  reporter: Reporter,
  makeCopy: () => void,
): Promise<Pick<Smoke, 'losses' | 'checks'>> {
  const checks: Partial<Record<CheckName, string | null>> = {};
  const { watcher, losses } = watching(reporter, makeCopy);
  const result = await trained(request, watcher);
  checks.training = result instanceof Error ? firstLine(result) : null;
  if (!(result instanceof Error)) {
    for (const name of Object.keys(CHECK) as (keyof typeof CHECK)[]) {
      checks[name] = await CHECK[name]({ request, result, losses, copy }).catch(firstLine);
    }
    tf.disposeVariables();
  }
  return { losses: losses.map(median), checks };
}

/** Keeps the losses of steps; calls `copy` once the first epoch is saved, before the second one. */
function watching(reporter: Reporter, copy: () => void) {
  const losses: number[][] = [];
  let copied = false;
  const watcher: Reporter = {
    ...reporter,
    begin(title, ...work) {
      if (title.startsWith('epoch')) {
        if (losses.length === 1 && !copied) {
          copied = true;
          copy();
        }
        losses.push([]);
      }
      reporter.begin(title, ...work);
    },
    figures(figures, glimpse) {
      if (!glimpse) losses.at(-1)?.push(figures.loss);
    },
  };
  return { watcher, losses };
}

/** The result of a training, or what is wrong with the program; throws what is wrong with its input. */
async function trained(request: TrainRequest, reporter: Reporter): Promise<TrainResult | Error> {
  try {
    return await train(request, reporter);
  } catch (error) {
    if (error instanceof UsageError || error instanceof DataError) throw error;
    return error as Error;
  } finally {
    tf.disposeVariables();
  }
}
