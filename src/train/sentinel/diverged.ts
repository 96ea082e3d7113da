/** What a training does that came to nothing: it says where, or goes back and takes a lower rate. */
import * as tf from '@tensorflow/tfjs-core';
import { DivergedError } from '../../errors.js';
import { type Checkpoint, hasCheckpoint, openCheckpoint } from '../../runs/checkpoint/open.js';
import { loadWeights } from '../../runs/checkpoint/tensors.js';
import type { Progress } from '../../runs/state.js';
import { upload } from '../../session/session.js';
import { runEpochs } from '../loop.js';
import { restoreParts, type Stateful } from '../saving/stateful.js';
import { takeBackSummary } from '../start/start-run.js';
import type { Training } from '../training.js';
import type { Rollbacks } from './rollbacks.js';

interface Part {
  readonly parts: readonly Stateful[];
  readonly rollbacks: Rollbacks;
}

/**
 * Runs the epochs; where the training diverges it goes back to the last checkpoint, with a lower
 * learning rate, as often as --rollback allows.
 */
export async function runWithRollbacks(
  training: Training & Part,
  start: Progress,
): Promise<Progress> {
  const { settings, run, saver, rollbacks } = training;
  // There must be something to go back to.
  if (settings.rollback > 0 && !(await hasCheckpoint(run))) await saver.save(start);
  let progress = start;
  for (;;) {
    try {
      return await runEpochs(training, progress);
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      const what = await describeDivergence(error, training);
      const checkpoint = await openCheckpoint(run.last).catch(() => undefined);
      const { epoch, step } = checkpoint?.state.progress ?? progress;
      await training.events.add({ epoch: epoch + 1, step, kind: 'diverged', text: what });
      if (checkpoint === undefined || rollbacks.count >= settings.rollback) {
        throw new DivergedError(`${what} ${advice(training, checkpoint)}`, { cause: error });
      }
      progress = await rollBack(training, checkpoint, what);
    }
  }
}

async function rollBack(
  training: Training & Part,
  checkpoint: Checkpoint,
  what: string,
): Promise<Progress> {
  const { session, settings, parts, rollbacks, schedule, sentinel, reporter, events } = training;
  const { progress } = checkpoint.state;
  const before = rollbacks.count;
  await loadWeights(session.model, checkpoint);
  await restoreParts(parts, checkpoint);
  // The checkpoint may be older than the last rollback.
  while (rollbacks.count <= before) rollbacks.add(settings.rollbackFactor);
  const lowered = rollbacks.lowered(schedule);
  sentinel.rollBack();
  await takeBackSummary(training.run, progress, training.updating.averages);
  const turn = `${rollbacks.count} of ${settings.rollback}`;
  const text = `Rollback ${turn}: back to step ${progress.step}, with --lr ${Number(lowered.lr.toPrecision(4))}`;
  reporter.end();
  reporter.warn(`${what} ${text}`);
  await events.add({ epoch: progress.epoch + 1, step: progress.step, kind: 'rollback', text });
  return progress;
}

/** The error in one sentence or two, with the first layer whose output is not finite. */
async function describeDivergence(
  { message }: DivergedError,
  { session, trainLoader }: Pick<Training, 'session' | 'trainLoader'>,
): Promise<string> {
  for await (const batch of trainLoader.batches(0, 0)) {
    const { images, labels } = upload(session, batch, session.training);
    batch.release();
    const found = session.training.network.findNotFinite(images);
    tf.dispose([images, labels]);
    if (found === undefined) return `${message}; the output of every layer is still finite.`;
    const { layer, count, size, first } = found;
    return `${message}; the first layer whose output is not finite is ${layer} (${count} of ${size} values, the first is ${first}).`;
  }
  return `${message}.`;
}

function advice({ settings, run }: Training, checkpoint: Checkpoint | undefined): string {
  const next = 'try a lower --lr or more --lr-warmup-steps';
  if (checkpoint === undefined) return `Nothing was saved before it: ${next}`;
  const { directory, state } = checkpoint;
  const good = `The last good checkpoint is that of step ${state.progress.step} in ${directory}`;
  if (settings.rollback > 0) return `${good}; --rollback ${settings.rollback} is used up: ${next}`;
  return `${good}: ${next}, or cnn train --resume ${run.path} --rollback 2`;
}
