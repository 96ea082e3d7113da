/** What the training loop tells of an epoch: figures, the state of the run, a row of summary.csv. */
import type { Row } from '../runs/csv.js';
import type { Progress } from '../runs/state.js';
import {
  addTotals,
  type Counters,
  type Scores,
  scores,
  type Totals,
  totalsOf,
} from '../session/metrics.js';
import { type Lap, paceOf, percent, type Stopwatch } from '../session/pace.js';
import type { EpochTraining } from './training.js';

type Reporting = Pick<
  EpochTraining,
  | 'settings'
  | 'world'
  | 'updating'
  | 'schedule'
  | 'reporter'
  | 'logger'
  | 'sentinel'
  | 'outlook'
  | 'headStart'
  | 'stopped'
>;
type Steps = Pick<Progress, 'step' | 'stepInEpoch'>;

/** Seconds after which a bar shows new figures, however many steps of a slow network those are. */
const GLIMPSE_SECONDS = 10;

/** Begins the report of an epoch; `step` and `window` are called after each step and each read. */
export function createEpochReport(
  {
    settings,
    world,
    schedule,
    updating,
    reporter,
    logger,
    sentinel,
    outlook,
    ...training
  }: Reporting,
  start: Progress,
  { counters, stopwatch }: { readonly counters: Counters; readonly stopwatch: Stopwatch },
) {
  const { stepsPerEpoch } = schedule;
  const limit = start.stepInEpoch + (settings.maxSteps ?? Number.POSITIVE_INFINITY) - start.step;
  const title = `epoch ${start.epoch + 1}/${settings.epochs}`;
  const total = Math.min(stepsPerEpoch, limit);
  // Steps that train the last layer alone are faster than all that follow.
  const typical = start.epoch >= (training.headStart?.epochs ?? 0);
  reporter.begin(title, total, start.stepInEpoch);
  let shown = world.now();

  function show(totals: Totals, { step }: Steps, lap: Lap, glimpse: boolean) {
    const lr = updating.rate(step - 1);
    const place = { epoch: start.epoch, step };
    if (glimpse) sentinel.glance(totals, lap.steps, place);
    else sentinel.losses(totals, lap.steps, place);
    const { loss, top1, top5 } = scores(totals);
    const figures = { loss, top1, top5, lr, ...paceOf(lap) };
    reporter.figures(figures, glimpse);
    if (!glimpse) logger.onSteps({ step, ...figures });
    shown = world.now();
  }

  /** Ends the window: `totals` are those of the steps in it. */
  function window(totals: Totals, place: Steps) {
    const lap = stopwatch.lap();
    show(totals, place, lap, false);
    if (!training.stopped()) outlook.window(lap);
  }

  return {
    window,
    async step(place: Steps): Promise<void> {
      const recent = stopwatch.recent();
      if (typical) outlook.measure(recent, stopwatch.total());
      const run = outlook.pace({ ...place, epoch: start.epoch });
      reporter.advance(place.stepInEpoch, { ...paceOf(recent), run });
      const first = place.stepInEpoch === start.stepInEpoch + 1;
      const late = world.now() - shown > GLIMPSE_SECONDS;
      if (place.stepInEpoch % settings.printFreq === 0) {
        // Training reads from the device here and below, and nowhere else.
        window(await counters.read(), place);
      } else if ((first || late) && place.stepInEpoch < total) {
        const state = await counters.snapshot();
        show(totalsOf(state.window), place, stopwatch.split(), true);
      }
    },
  };
}

export function summaryRow(
  { updating }: Pick<EpochTraining, 'updating'>,
  progress: Progress,
  evaluation: Scores,
  average?: Scores,
): Row {
  const { counters, seconds } = progress;
  const trained = scores(addTotals(counters.totals, totalsOf(counters.window)));
  return {
    epoch: progress.epoch + 1,
    step: progress.step,
    train_loss: trained.loss,
    eval_loss: evaluation.loss,
    eval_top1: evaluation.top1,
    eval_top5: evaluation.top5,
    lr: updating.rate(progress.step - 1),
    train_top1: trained.top1,
    train_top5: trained.top5,
    images_per_second: progress.images / seconds.training,
    data_wait_percent: percent(seconds.waiting, seconds.training),
    seconds: seconds.all,
    steps: progress.step,
    ...(average && {
      ema_loss: average.loss,
      ema_top1: average.top1,
      ema_top5: average.top5,
    }),
  };
}

export function reportEpoch(
  { settings, schedule, reporter }: Reporting,
  row: Row,
  { stepInEpoch, improved }: { readonly stepInEpoch: number; readonly improved: boolean },
): void {
  const { stepsPerEpoch } = schedule;
  reporter.epoch({
    epoch: row.epoch,
    epochs: settings.epochs,
    ...(stepInEpoch < stepsPerEpoch && { part: { steps: stepInEpoch, of: stepsPerEpoch } }),
    training: { loss: row.train_loss, top1: row.train_top1 },
    validation: { loss: row.eval_loss, top1: row.eval_top1, top5: row.eval_top5 },
    ...(row.ema_top1 !== undefined &&
      row.ema_top5 !== undefined && { average: { top1: row.ema_top1, top5: row.ema_top5 } }),
    imagesPerSecond: row.images_per_second,
    dataWaitPercent: row.data_wait_percent,
    seconds: row.seconds,
    best: improved,
  });
}
