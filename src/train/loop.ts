import type { Backend } from '../backend/index.js';
import type { BatchLoader } from '../data/batches/batches.js';
import { DataError, DivergedError } from '../errors.js';
import { evaluateSplit } from '../evaluate/split.js';
import type { Sgd } from '../network/sgd.js';
import { copyCheckpoint, saveCheckpoint } from '../runs/checkpoint.js';
import { appendRow, type Row } from '../runs/csv.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { Progress } from '../runs/state.js';
import {
  addTotals,
  Counters,
  type Scores,
  scores,
  type Totals,
  totalsOf,
  ZERO_TOTALS,
} from '../session/metrics.js';
import { createPace, createStopwatch, type Stopwatch, timed } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { type DeviceBatch, type Session, upload } from '../session/session.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import type { Settings } from '../settings/types.js';
import { learningRate, type Schedule } from './schedule.js';
import type { StopRequest } from './signals.js';
import { trainStep } from './step.js';

/** Everything that a run needs; `train` prepares it. */
export interface Training {
  readonly settings: Settings<'train'>;
  readonly backend: Backend;
  readonly alternate: boolean;
  readonly session: Session;
  readonly optimizer: Sgd;
  readonly schedule: Schedule;
  readonly trainLoader: BatchLoader;
  readonly valLoader: BatchLoader;
  readonly run: RunDirectory;
  readonly reporter: Reporter;
  readonly stop: StopRequest;
}

/** Trains until the epochs or steps are done or a signal stops it; returns the progress. */
export async function runEpochs(training: Training, start: Progress): Promise<Progress> {
  const { settings, stop, run } = training;
  const warnUnreadable = createUnreadableWarning(training.reporter);
  let progress = start;
  while (progress.epoch < settings.epochs && !reachedLimit(training, progress)) {
    progress = await trainEpoch(training, progress);
    const evaluation =
      stop.signal === undefined ? await evaluateEpoch(training, progress) : undefined;
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
    await appendRow(run.summary, row);
    reportEpoch(training, row);
    if (progress.stepInEpoch >= training.schedule.stepsPerEpoch) progress = nextEpoch(progress);
    await save(training, progress);
    if (improved) await copyCheckpoint(run.last, run.best);
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

/** Trains to the end of the current epoch, to the limit of steps, or until a signal stops it. */
async function trainEpoch(training: Training, start: Progress): Promise<Progress> {
  const { settings, session, schedule, reporter, stop } = training;
  const { stepsPerEpoch } = schedule;
  if (start.stepInEpoch >= stepsPerEpoch) return start;
  const counters = new Counters(start.counters);
  const pace = createPace(training.backend, training.alternate);
  const stopwatch = createStopwatch();
  let { step, stepInEpoch, images } = start;
  reporter.begin(`epoch ${start.epoch + 1}/${settings.epochs}`, stepsPerEpoch, stepInEpoch);
  const batches = training.trainLoader.batches(start.epoch, stepInEpoch);
  let problem: DataError | undefined;
  try {
    for await (const batch of timed(batches, stopwatch.wait)) {
      const input = upload(session, batch);
      images += batch.count;
      stopwatch.count(batch.count);
      batch.release();
      counters.add(takeStep(training, input, step));
      step++;
      stepInEpoch++;
      await pace();
      reporter.advance(stepInEpoch);
      if (stepInEpoch % settings.printFreq === 0) {
        // The only place where training reads from the device.
        reportWindow(training, await counters.read(), { step, stepInEpoch }, stopwatch);
      }
      if (stop.signal !== undefined || step === settings.maxSteps) break;
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problem = error;
  }
  // The window stays open in the saved state, so that a resumed run sums in the same order.
  const state = await counters.snapshot();
  counters.dispose();
  if (state.window.length > 0) {
    reportWindow(training, totalsOf(state.window), { step, stepInEpoch }, stopwatch);
  }
  reporter.end();
  const { seconds: spent, waiting } = stopwatch.total();
  const { all, training: trained, waiting: waited } = start.seconds;
  const seconds = { all: all + spent, training: trained + spent, waiting: waited + waiting };
  const progress = { ...start, step, stepInEpoch, images, seconds, counters: state };
  if (problem !== undefined) throw await savedBefore(problem, training, progress);
  return progress;
}

function takeStep(training: Training, input: DeviceBatch, step: number) {
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

function reportWindow(
  training: Training,
  window: Totals,
  { step, stepInEpoch }: Pick<Progress, 'step' | 'stepInEpoch'>,
  stopwatch: Stopwatch,
): void {
  const lr = learningRate(step - 1, training.schedule);
  const { steps, images, seconds, waiting } = stopwatch.lap();
  checkFinite(window.lossSum, lr, step, steps);
  const { loss, top1, top5 } = scores(window);
  training.reporter.advance(
    stepInEpoch,
    `loss ${loss.toFixed(4)} Acc@1 ${top1.toFixed(2)} Acc@5 ${top5.toFixed(2)} lr ${short(lr)} ` +
      `${Math.round(images / seconds)} images/s data ${percent(waiting, seconds).toFixed(0)}%`,
  );
}

/** `steps`: how many steps before `step` are in the same sum. */
function checkFinite(loss: number, lr: number, step: number, steps: number): void {
  if (Number.isFinite(loss)) return;
  const where = steps > 1 ? `between step ${step - steps + 1} and step ${step}` : `at step ${step}`;
  throw new DivergedError(
    `The loss became ${loss} ${where}, with learning rate ${short(lr)}. ` +
      'The checkpoints are those from before; try a lower --lr or more --lr-warmup-steps',
  );
}

async function evaluateEpoch(training: Training, progress: Progress) {
  const { session, valLoader, stop } = training;
  const start = performance.now();
  const stopped = () => stop.signal !== undefined;
  const evaluation = evaluateSplit(session, valLoader, { ...training, stopped });
  const result = await evaluation.catch(async (error) => {
    throw error instanceof DataError ? await savedBefore(error, training, progress) : error;
  });
  return result && { scores: result, seconds: (performance.now() - start) / 1000 };
}

function nextEpoch(progress: Progress): Progress {
  const { step, last, best } = progress;
  return { ...startProgress(), epoch: progress.epoch + 1, step, last, best };
}

function summaryRow(training: Training, progress: Progress, evaluation: Scores): Row {
  const { counters, seconds } = progress;
  const trained = scores(addTotals(counters.totals, totalsOf(counters.window)));
  return {
    epoch: progress.epoch + 1,
    train_loss: trained.loss,
    eval_loss: evaluation.loss,
    eval_top1: evaluation.top1,
    eval_top5: evaluation.top5,
    lr: learningRate(progress.step - 1, training.schedule),
    train_top1: trained.top1,
    train_top5: trained.top5,
    images_per_second: progress.images / seconds.training,
    data_wait_percent: percent(seconds.waiting, seconds.training),
    seconds: seconds.all,
    steps: progress.step,
  };
}

function reportEpoch({ settings, reporter }: Training, row: Row): void {
  reporter.note(
    `epoch ${row.epoch}/${settings.epochs}: ` +
      `train loss ${row.train_loss.toFixed(4)} Acc@1 ${row.train_top1.toFixed(3)}, ` +
      `validation loss ${row.eval_loss.toFixed(4)} Acc@1 ${row.eval_top1.toFixed(3)} ` +
      `Acc@5 ${row.eval_top5.toFixed(3)}, ${Math.round(row.images_per_second)} images/s, ` +
      `data ${row.data_wait_percent.toFixed(0)}%, ${row.seconds.toFixed(1)} s`,
  );
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

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

/** A learning rate in at most four digits. */
function short(number: number): string {
  return String(Number(number.toPrecision(4)));
}
