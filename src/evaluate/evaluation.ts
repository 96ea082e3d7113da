import { availableParallelism } from 'node:os';
import { decodeOptionsOf } from '../data/decode/decode-options.js';
import { openDataset } from '../data/open-dataset.js';
import { RunError } from '../errors.js';
import { evaluationClasses } from '../runs/run-selection.js';
import { checkDecode, createDecodingNote } from '../session/decoding.js';
import { badImageOptions, openEvaluationBatches } from '../session/loaders.js';
import type { Scores } from '../session/metrics.js';
import { takesTurns } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { startBackend } from '../session/start-backend.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import type { Settings } from '../settings/types.js';
import { explainNotFinite } from './not-finite.js';
import { evaluateSplit } from './split.js';
import { checkClasses, type TrainedModel } from './trained-model.js';

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
  checkDecode(settings);
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
  const { batchSize, workers, cache, decode } = settings;
  const { channels, transform } = card;
  const options = { backend, batchSize, workers, cache, channels, transform, seed: 0 };
  const images = {
    reading: decodeOptionsOf(settings),
    decode,
    ...badImageOptions(settings, reporter),
  };
  const loader = await openEvaluationBatches(dataset.val, { ...options, ...images });
  try {
    const alternate = takesTurns(backend, availableParallelism());
    const result = await evaluateSplit(session, loader, { backend, alternate, reporter });
    if (result === undefined) throw new RunError('The evaluation was stopped');
    if (!Number.isFinite(result.loss)) {
      const { images: list } = dataset.val;
      const nameOf = (index: number) => (index < list.length ? list.name(index) : undefined);
      throw await explainNotFinite(session, loader, nameOf);
    }
    createUnreadableWarning(reporter)(loader, 'which counts as wrong');
    createDecodingNote(reporter)(loader);
    const about = { ...trained.origin, arch: card.arch, data: settings.data };
    return { ...result, ...about, unreadable: loader.unreadable.size };
  } finally {
    await loader.close();
  }
}
