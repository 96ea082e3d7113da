import type { Backend } from '../backend/index.js';
import type { BatchLoader } from '../data/batches/batches.js';
import { Counters, type Scores, scores, type Totals } from '../session/metrics.js';
import { createPace, createStopwatch, paceOf, timed } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { evaluateStep, type Session, upload } from '../session/session.js';

export interface EvaluationOptions {
  readonly backend: Backend;
  readonly alternate: boolean;
  readonly reporter: Reporter;
  /** Asked after each step. */
  readonly stopped?: () => boolean;
  /** Is aborted when `stopped` becomes true. */
  readonly stopAsked?: AbortSignal;
  /** Makes what this process has evaluated that of all processes. */
  readonly together?: Combine;
}

/** What an evaluation has counted. */
export interface Counted {
  readonly totals: Totals;
  readonly images: number;
}

type Combine = (own: () => Promise<Counted | undefined>) => Promise<Counted | undefined>;

/**
 * Loss and accuracy over a split; undefined when it was stopped. An image that cannot be read
 * counts as wrong. Where the first batch has outputs that are not finite, the loss is that of it
 * alone, which is no number: a broken network is not run over a whole dataset.
 */
export async function evaluateSplit(
  session: Session,
  loader: BatchLoader,
  { together = (own) => own(), ...options }: EvaluationOptions,
): Promise<Scores | undefined> {
  const counted = await together(() => count(session, loader, options));
  return counted && scores(counted.totals, counted.images);
}

async function count(
  session: Session,
  loader: BatchLoader,
  { backend, alternate, reporter, stopped = () => false, stopAsked }: EvaluationOptions,
): Promise<Counted | undefined> {
  const counters = new Counters();
  const pace = createPace(backend, alternate);
  const stopwatch = createStopwatch();
  let images = 0;
  let step = 0;
  reporter.begin('evaluation', loader.steps);
  try {
    for await (const batch of timed(loader.batches(0), stopwatch.wait, stopAsked)) {
      const input = upload(session, batch);
      const { count } = batch;
      images += count;
      batch.release();
      counters.add(evaluateStep(session, input));
      input.images.dispose();
      input.labels.dispose();
      await pace();
      stopwatch.count(count);
      reporter.advance(++step, paceOf(stopwatch.recent()));
      if (stopped()) return undefined;
      if (step === 1 && !(await areFinite(counters))) break;
    }
    if (stopped()) return undefined;
    await counters.read();
    return { totals: counters.totals, images };
  } finally {
    counters.dispose();
    reporter.end();
  }
}

async function areFinite(counters: Counters): Promise<boolean> {
  const { window } = await counters.snapshot();
  return window.every(Number.isFinite);
}
