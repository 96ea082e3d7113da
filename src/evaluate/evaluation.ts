import { availableParallelism } from 'node:os';
import type { Backend } from '../backend/index.js';
import type { BatchLoader } from '../data/batches/batches.js';
import { readingOf } from '../data/decode/reading.js';
import { openDataset } from '../data/open-dataset.js';
import { RunError } from '../errors.js';
import { evaluationClasses } from '../runs/run-selection.js';
import type { Settings } from '../settings/options.js';
import { openEvaluationBatches } from '../train/loaders.js';
import { Counters, type Scores, scores } from '../train/metrics.js';
import { createPace, takesTurns } from '../train/pace.js';
import type { Reporter } from '../train/reporter.js';
import { evaluateStep, type Session, upload } from '../train/session.js';
import { startBackend } from '../train/start-backend.js';
import { checkClasses, type TrainedModel } from './trained-model.js';

export interface EvaluationOptions {
  readonly backend: Backend;
  readonly alternate: boolean;
  readonly reporter: Reporter;
  /** Asked after each step. */
  readonly stopped?: () => boolean;
}

/** Loss and accuracy over a split; undefined when it was stopped. An image that cannot be read counts as wrong. */
export async function evaluateSplit(
  session: Session,
  loader: BatchLoader,
  { backend, alternate, reporter, stopped = () => false }: EvaluationOptions,
): Promise<Scores | undefined> {
  const counters = new Counters();
  const pace = createPace(backend, alternate);
  let images = 0;
  let step = 0;
  reporter.begin('evaluation', loader.steps);
  try {
    for await (const batch of loader.batches(0)) {
      const input = upload(session, batch);
      images += batch.count;
      batch.release();
      counters.add(evaluateStep(session, input));
      input.images.dispose();
      input.labels.dispose();
      await pace();
      reporter.advance(++step);
      if (stopped()) return undefined;
    }
    await counters.read();
    return scores(counters.totals, images);
  } finally {
    counters.dispose();
    reporter.end();
  }
}

type Unreadable = Pick<BatchLoader, 'unreadable'>;

/**
 * A function that names the images of a loader that could not be read, the first few of them one
 * by one, whenever there are more than when it was last asked.
 */
export function createUnreadableWarning(reporter: Reporter) {
  const known = new Map<Unreadable, number>();
  return (loader: Unreadable, consequence: string): void => {
    const files = [...loader.unreadable];
    const before = known.get(loader) ?? 0;
    if (files.length === before) return;
    known.set(loader, files.length);
    const count = files.length === 1 ? '1 image' : `${files.length} images`;
    reporter.warn(`${count} could not be read, ${consequence}:`);
    const fresh = files.slice(before);
    for (const [file, reason] of fresh.slice(0, 5)) reporter.warn(`  ${file}: ${reason}`);
    if (fresh.length > 5) reporter.warn(`  and ${fresh.length - 5} more`);
  };
}

export interface EvaluationResult extends Scores {
  /** The checkpoint or the weights file. */
  readonly checkpoint?: string;
  readonly weights?: string;
  readonly arch: string;
  readonly data: string;
  readonly unreadable: number;
}

/** Evaluates trained weights on the validation set of `data`. */
export async function evaluate(
  trained: TrainedModel,
  settings: Settings<'eval'> & { readonly data: string },
  reporter: Reporter,
): Promise<EvaluationResult> {
  const dataset = await openDataset(settings.data, {
    valFraction: settings.valFraction,
    classes: evaluationClasses(trained.record, settings.classes),
    seed: settings.seed,
    onProgress: reporter.note,
  });
  const backend = await startBackend(settings, reporter);
  const opened = await trained.open(settings, reporter);
  checkClasses(trained, opened, settings.data, dataset.classes);
  const { session } = opened;
  const { card } = session;
  const { batchSize, workers, cache, onBadImage } = settings;
  const reading = readingOf(settings);
  const { channels, transform } = card;
  const options = { backend, batchSize, workers, cache, channels, transform, seed: 0 };
  const images = { reading, onBadImage };
  const loader = await openEvaluationBatches(dataset.val, { ...options, ...images });
  try {
    const alternate = takesTurns(backend, availableParallelism());
    const result = await evaluateSplit(session, loader, { backend, alternate, reporter });
    if (result === undefined) throw new RunError('The evaluation was stopped');
    createUnreadableWarning(reporter)(loader, 'which counts as wrong');
    const about = { ...trained.origin, arch: card.arch, data: settings.data };
    return { ...result, ...about, unreadable: loader.unreadable.size };
  } finally {
    await loader.close();
  }
}
