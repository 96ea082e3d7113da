/** The training of one epoch. */

import type { Batch } from '../data/batches/batches.js';
import { DataError } from '../errors.js';
import type { Progress } from '../runs/state.js';
import { Counters, totalsOf } from '../session/metrics.js';
import { createPace, createStopwatch, type Stopwatch, timed } from '../session/pace.js';
import { type DeviceBatch, disposeBatch, upload } from '../session/session.js';
import { createEpochReport } from './epoch-report.js';
import { trainedIn } from './start/head-start.js';
import { trainStep } from './step.js';
import type { EpochTraining } from './training.js';
import type { Update } from './updating.js';

/**
 * Trains to the end of the current epoch, to the limit of steps, or until it is stopped. `problem`
 * is what stopped it, where that is an image.
 */
export async function trainEpoch(
  training: EpochTraining,
  start: Progress,
): Promise<{ progress: Progress; problem?: DataError }> {
  const { settings, session, schedule, stepHooks } = training;
  const taking = { ...training, ...trainedIn(start.epoch, training) };
  if (start.stepInEpoch >= schedule.stepsPerEpoch) return { progress: start };
  const counters = new Counters(start.counters);
  const pace = createPace(training.backend, training.alternate);
  const stopwatch = createStopwatch();
  const report = createEpochReport(training, start, { counters, stopwatch });
  let { step, stepInEpoch, images } = start;
  const progress = async (): Promise<Progress> => {
    // The window stays open in the saved state, so that a resumed run sums in the same order.
    const state = await counters.snapshot();
    const seconds = secondsOf(start, stopwatch);
    return { ...start, step, stepInEpoch, images, seconds, counters: state };
  };
  const batches = training.trainLoader.batches(start.epoch, stepInEpoch);
  let problem: DataError | undefined;
  try {
    const own = timed(batches, stopwatch.wait, training.stopAsked);
    for await (const batch of training.agreement.together(own)) {
      const input = upload(session, batch, {
        size: session.training.size,
        threshold: settings.bceTargetThresh,
      });
      const count = training.together?.images ?? batch.count;
      images += count;
      const place = { epoch: start.epoch, step };
      await training.sentinel.batch(batch.labels, input.images, place);
      const labels = await labelsOfAll(training, batch);
      const update = training.updating.next(step, stepInEpoch, () => labels);
      batch.release();
      counters.add(takeStep(taking, input, { ...update, step }));
      training.updating.taken(update);
      if (step === start.step) performance.mark('first step');
      step++;
      stepInEpoch++;
      await pace();
      stopwatch.count(count);
      await report.step({ step, stepInEpoch });
      for (const hook of stepHooks) await hook({ step, stepInEpoch, progress });
      if (training.stopped() || training.limits.withinEpoch(step)) break;
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problem = error;
  }
  const reached = await progress();
  counters.dispose();
  if (!training.stopped()) training.outlook.endEpoch(stopwatch.total().steps);
  const { window } = reached.counters;
  if (window.length > 0) report.window(totalsOf(window), { step, stepInEpoch });
  training.reporter.end();
  return { progress: reached, ...(problem && { problem }) };
}

function secondsOf({ seconds }: Progress, stopwatch: Stopwatch): Progress['seconds'] {
  const { seconds: spent, waiting } = stopwatch.total();
  return {
    all: seconds.all + spent,
    training: seconds.training + spent,
    waiting: seconds.waiting + waiting,
  };
}

/** Labels that count, which only groups of batches ask for. */
async function labelsOfAll({ schedule, world }: EpochTraining, batch: Batch): Promise<number> {
  if (schedule.gradAccumSteps === 1) return 0;
  const [labels] = await world.sum([countLabels(batch)]);
  return labels as number;
}

/** Labels of images that could be read. */
function countLabels({ labels }: Pick<Batch, 'labels'>): number {
  return labels.reduce((count, label) => count + Number(label >= 0), 0);
}

function takeStep(
  {
    session,
    optimizer,
    settings,
    together,
  }: ReturnType<typeof trainedIn> & Pick<EpochTraining, 'settings' | 'together'>,
  input: DeviceBatch,
  update: Update & { readonly step: number },
) {
  const stats = trainStep(session, optimizer, input, {
    ...update,
    smoothing: settings.labelSmoothing,
    loss: settings.bceLoss ? 'sigmoid' : 'softmax',
    auxiliaryWeight: settings.auxWeight,
    seed: settings.seed,
    together,
  });
  disposeBatch(input);
  return stats;
}
