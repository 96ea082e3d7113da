import { DataError } from '../errors.js';
import { evaluateSplit } from '../evaluate/split.js';
import { copyCheckpoint, saveCheckpoint } from '../runs/checkpoint.js';
import type { Progress } from '../runs/state.js';
import { Counters, totalsOf, ZERO_TOTALS } from '../session/metrics.js';
import { createPace, createStopwatch, timed } from '../session/pace.js';
import { type DeviceBatch, upload } from '../session/session.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import { checkFinite, createEpochReport, reportEpoch, summaryRow } from './epoch-report.js';
import { learningRate } from './schedule.js';
import { trainStep } from './step.js';
import type { EpochTraining, Training } from './training.js';

/** Trains until the epochs or steps are done or it is stopped; returns the progress. */
export async function runEpochs(training: Training, start: Progress): Promise<Progress> {
  const { settings, run } = training;
  const warnUnreadable = createUnreadableWarning(training.reporter);
  let progress = start;
  while (progress.epoch < settings.epochs && !reachedLimit(training, progress)) {
    const trained = await trainEpoch(training, progress);
    progress = trained.progress;
    if (trained.problem) throw await savedBefore(trained.problem, training, progress);
    const ended = performance.now();
    const evaluation = training.stopped() ? undefined : await evaluateEpoch(training, progress);
    warnUnreadable(training.trainLoader, 'left out of training');
    warnUnreadable(training.valLoader, 'which counts as wrong');
    if (evaluation === undefined) {
      await save(training, progress);
      break;
    }
    const { scores: last, seconds } = evaluation;
    checkFinite(last.loss, learningRate(progress.step - 1, training.schedule), progress.step, 1);
    const epoch = progress.epoch + 1;
    const improved = progress.best === undefined || last.top1 > progress.best.top1;
    const best = improved ? { ...last, epoch } : progress.best;
    const all = progress.seconds.all + seconds;
    progress = { ...progress, last, best, seconds: { ...progress.seconds, all } };
    const row = summaryRow(training, progress, last);
    await training.logger.onEpoch(row);
    reportEpoch(training, row, { ...progress, improved });
    if (progress.stepInEpoch >= training.schedule.stepsPerEpoch) progress = nextEpoch(progress);
    await save(training, progress);
    if (improved) await copyCheckpoint(run.last, run.best);
    training.outlook.measureEvaluation((performance.now() - ended) / 1000);
  }
  return progress;
}

/** The state before the first step. */
export function startProgress(): Progress {
  return {
    epoch: 0,
    stepInEpoch: 0,
    step: 0,
    counters: { totals: ZERO_TOTALS, window: [] },
    seconds: { all: 0, training: 0, waiting: 0 },
    images: 0,
  };
}

/**
 * Trains to the end of the current epoch, to the limit of steps, or until it is stopped. `problem`
 * is what stopped it, where that is an image.
 */
export async function trainEpoch(
  training: EpochTraining,
  start: Progress,
): Promise<{ progress: Progress; problem?: DataError }> {
  const { settings, session, schedule, reporter } = training;
  if (start.stepInEpoch >= schedule.stepsPerEpoch) return { progress: start };
  const counters = new Counters(start.counters);
  const pace = createPace(training.backend, training.alternate);
  const stopwatch = createStopwatch();
  const report = createEpochReport(training, start, { counters, stopwatch });
  let { step, stepInEpoch, images } = start;
  const batches = training.trainLoader.batches(start.epoch, stepInEpoch);
  let problem: DataError | undefined;
  try {
    for await (const batch of timed(batches, stopwatch.wait)) {
      const input = upload(session, batch);
      const { count } = batch;
      images += count;
      batch.release();
      counters.add(takeStep(training, input, step));
      step++;
      stepInEpoch++;
      await pace();
      stopwatch.count(count);
      await report.step({ step, stepInEpoch });
      if (training.stopped() || step === settings.maxSteps) break;
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problem = error;
  }
  // The window stays open in the saved state, so that a resumed run sums in the same order.
  const state = await counters.snapshot();
  counters.dispose();
  if (!training.stopped()) training.outlook.endEpoch(stopwatch.total().steps);
  if (state.window.length > 0) report.window(totalsOf(state.window), { step, stepInEpoch });
  reporter.end();
  const { seconds: spent, waiting } = stopwatch.total();
  const { all, training: trained, waiting: waited } = start.seconds;
  const seconds = { all: all + spent, training: trained + spent, waiting: waited + waiting };
  const progress = { ...start, step, stepInEpoch, images, seconds, counters: state };
  return { progress, ...(problem && { problem }) };
}

function takeStep(training: EpochTraining, input: DeviceBatch, step: number) {
  const { session, optimizer, schedule, settings } = training;
  const stats = trainStep(session, optimizer, input, {
    step,
    lr: learningRate(step, schedule),
    smoothing: settings.labelSmoothing,
    auxiliaryWeight: settings.auxWeight,
    seed: settings.seed,
  });
  input.images.dispose();
  input.labels.dispose();
  return stats;
}

async function evaluateEpoch(training: Training, progress: Progress) {
  const { session, valLoader } = training;
  const start = performance.now();
  const evaluation = evaluateSplit(session, valLoader, training);
  const result = await evaluation.catch(async (error) => {
    throw error instanceof DataError ? await savedBefore(error, training, progress) : error;
  });
  return result && { scores: result, seconds: (performance.now() - start) / 1000 };
}

function nextEpoch(progress: Progress): Progress {
  const { step, last, best } = progress;
  return { ...startProgress(), epoch: progress.epoch + 1, step, last, best };
}

async function save(
  { settings, run, session, optimizer }: Training,
  progress: Progress,
): Promise<void> {
  const { seed } = settings;
  const state = { format: 1 as const, seed, network: session.card, progress };
  await saveCheckpoint(run.last, session.model, optimizer.momenta, state);
}

/** Saves the run, and returns the error of the unreadable image with how to resume. */
async function savedBefore(
  problem: DataError,
  training: Training,
  progress: Progress,
): Promise<DataError> {
  await save(training, progress);
  const next = `cnn train --resume ${training.run.path}`;
  return new DataError(`${problem.message} Step ${progress.step} is saved; resume with: ${next}`, {
    cause: problem,
  });
}

function reachedLimit({ settings }: Training, { step }: Progress): boolean {
  return settings.maxSteps !== null && step >= settings.maxSteps;
}
