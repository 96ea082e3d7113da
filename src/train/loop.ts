import { checkSameValues } from '../distributed/same-start.js';
import { DataError } from '../errors.js';
import { type Counted, evaluateSplit } from '../evaluate/split.js';
import { isBest, type Progress } from '../runs/state.js';
import { createDecodingNote } from '../session/decoding.js';
import type { Scores } from '../session/metrics.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import { trainEpoch } from './epoch.js';
import { reportEpoch, summaryRow } from './epoch-report.js';
import { type Evaluated, evaluated, nextEpoch, withRow } from './progress.js';
import type { Training } from './training.js';

/** Trains until the epochs or steps are done or it is stopped; returns the progress. */
export async function runEpochs(training: Training, start: Progress): Promise<Progress> {
  const { settings, saver, limits } = training;
  const warnUnreadable = createUnreadableWarning(training.reporter);
  const noteDecoding = createDecodingNote(training.reporter);
  let progress = start;
  await checkNetwork(training, start);
  while (progress.epoch < settings.epochs && !limits.reached(progress)) {
    const trained = await trainEpoch(training, progress);
    progress = trained.progress;
    if (trained.problem) throw await savedBefore(trained.problem, training, progress);
    await synchronise(training, progress);
    const ended = performance.now();
    const evaluation = training.stopped() ? undefined : await evaluateEpoch(training, progress);
    warnUnreadable(training.trainLoader, 'left out of training');
    warnUnreadable(training.valLoader, 'which counts as wrong');
    noteDecoding(training.trainLoader);
    if (evaluation === undefined) {
      await saver.save(progress);
      break;
    }
    progress = await endEpoch(training, evaluated(progress, evaluation), evaluation.average);
    training.outlook.measureEvaluation((performance.now() - ended) / 1000);
  }
  const limit = limits.reached(progress);
  if (limit !== undefined) training.reporter.note(`ended after ${limit}`);
  return progress;
}

/** Writes and reports what an epoch came to, and saves the run. */
async function endEpoch(
  training: Training,
  reached: Progress,
  average: Scores | undefined,
): Promise<Progress> {
  const { schedule, saver, updating } = training;
  const { last } = reached;
  if (last === undefined) throw new Error('Expected an epoch that was evaluated');
  const whole = reached.stepInEpoch >= schedule.stepsPerEpoch;
  await training.sentinel.epoch(reached, last, whole);
  const row = summaryRow(training, reached, last, average);
  const improved = isBest(reached);
  await training.logger.onEpoch(row, reached.rows ?? []);
  reportEpoch(training, row, { ...reached, improved });
  const progress = withRow(reached, row);
  updating.onEvaluation(last, average, whole);
  const next = whole ? nextEpoch(progress) : progress;
  await saver.save(next, improved);
  return next;
}

async function evaluateEpoch(
  training: Training,
  progress: Progress,
): Promise<Evaluated | undefined> {
  const { session, valLoader, updating } = training;
  const start = performance.now();
  const together = (own: () => Promise<Counted | undefined>) => ofAll(training, own);
  const options = { ...training, ...training.evaluating, together };
  const evaluate = () => evaluateSplit(session, valLoader, options);
  try {
    const scores = await evaluate();
    const average = scores && (await updating.withAverage(evaluate));
    if (scores === undefined || (average === undefined && updating.averages)) return undefined;
    return { scores, average, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    throw error instanceof DataError ? await savedBefore(error, training, progress) : error;
  }
}

/** Several processes have the same network, and make sure of it. */
async function synchronise(training: Training, progress: Progress): Promise<void> {
  await training.saver.combine();
  await checkNetwork(training, progress);
}

async function checkNetwork(training: Training, { step }: Progress): Promise<void> {
  const { world, alike } = training;
  await checkSameValues(world, alike, `after step ${step}`);
}

/** What all processes have counted; undefined where one was stopped. */
async function ofAll(
  { world, agreement }: Training,
  own: () => Promise<Counted | undefined>,
): Promise<Counted | undefined> {
  const counted = await agreement.all(own);
  if (world.size === 1) return counted;
  const { lossSum = 0, top1 = 0, top5 = 0, labelled = 0 } = counted?.totals ?? {};
  const numbers = [Number(counted === undefined), lossSum, top1, top5, labelled];
  const sums = await world.sum([...numbers, counted?.images ?? 0]);
  const [ended, loss, first, five, labels, images] = sums as [number, ...number[]];
  if (ended > 0) return undefined;
  return {
    totals: { lossSum: loss, top1: first, top5: five, labelled: labels } as Counted['totals'],
    images: images as number,
  };
}

/** Saves the run, and returns the error of the unreadable image with how to resume. */
async function savedBefore(
  problem: DataError,
  { saver, run }: Training,
  progress: Progress,
): Promise<DataError> {
  await saver.save(progress);
  const next = `cnn train --resume ${run.path}`;
  return new DataError(`${problem.message} Step ${progress.step} is saved; resume with: ${next}`, {
    cause: problem,
  });
}
