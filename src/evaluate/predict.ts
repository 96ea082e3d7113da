import * as tf from '@tensorflow/tfjs-core';
import { decodeOptionsOf } from '../data/decode/decode-options.js';
import { imagenetWords } from '../data/layouts/labels/imagenet-words.js';
import { openImages } from '../data/open-images.js';
import { checkDecode, createDecodingNote } from '../session/decoding.js';
import { openEvaluationBatches } from '../session/loaders.js';
import type { NetworkCard } from '../session/network-card.js';
import type { Reporter } from '../session/reporter.js';
import { upload } from '../session/session.js';
import { startBackendOf } from '../session/start-backend.js';
import type { Settings } from '../settings/types.js';
import { checkBatchFits } from './forward-memory.js';
import { findNotFinite } from './not-finite.js';
import type { TrainedModel } from './trained-model.js';

export interface Guess {
  /** Index of the class, counted from 0 in the order of the training set. */
  readonly class: number;
  readonly label: string;
  /** What people call the class, where something says. */
  readonly words?: string;
  readonly probability: number;
}

export interface Prediction {
  readonly file: string;
  /** The likeliest classes, best first; empty where the image could not be read. */
  readonly top: readonly Guess[];
  readonly logits?: readonly number[];
  /** Why the image could not be read. */
  readonly error?: string;
}

/** Names the classes of images, in the order of `paths`: files, directories and tar files. */
export async function predict(
  trained: TrainedModel,
  settings: Settings<'predict'>,
  paths: readonly string[],
  reporter: Reporter,
): Promise<Prediction[]> {
  checkDecode({ ...settings, cache: 'none' });
  const images = await openImages(paths);
  const backend = await startBackendOf(trained.record, settings, reporter);
  const { session } = await trained.open(settings, reporter);
  const { channels, transform, classes } = session.card;
  const split = { images, labels: new Int32Array(images.length) };
  const batchSize = Math.min(settings.batchSize, images.length);
  await checkBatchFits({ architecture: trained.architecture, session }, backend, batchSize);
  const { workers, decode } = settings;
  const reading = decodeOptionsOf(settings);
  const shared = { backend, batchSize, workers, channels, transform, seed: 0 };
  const loader = await openEvaluationBatches(split, { ...shared, reading, decode, cache: 'none' });
  try {
    const predictions: Prediction[] = [];
    for await (const batch of loader.batches(0)) {
      const input = upload(session, batch);
      const { count } = batch;
      batch.release();
      const logits = tf.tidy(() => session.network.predict(input.images));
      const values = await logits.data<'float32'>();
      const nameOf = (slot: number) => images.name(predictions.length + slot);
      const finite = values.subarray(0, count * classes.length).every(Number.isFinite);
      const problem = finite ? undefined : findNotFinite(session, input.images, nameOf);
      tf.dispose([logits, input.images, input.labels]);
      if (problem !== undefined) throw problem;
      for (let slot = 0; slot < count; slot++) {
        const file = images.name(predictions.length);
        const error = loader.unreadable.get(file);
        const row = values.subarray(slot * classes.length, (slot + 1) * classes.length);
        predictions.push(
          error === undefined
            ? { file, ...describe(row, session.card, settings) }
            : { file, top: [], error },
        );
      }
    }
    createDecodingNote(reporter)(loader);
    return predictions;
  } finally {
    await loader.close();
  }
}

function describe(
  logits: Float32Array,
  card: Pick<NetworkCard, 'classes' | 'words'>,
  settings: Pick<Settings<'predict'>, 'top' | 'logits'>,
): Pick<Prediction, 'top' | 'logits'> {
  const guesses = [...softmax(logits)].map((probability, index) => ({
    class: index,
    ...namesOf(card, index),
    probability,
  }));
  const top = guesses.sort((a, b) => b.probability - a.probability).slice(0, settings.top);
  return settings.logits ? { top, logits: [...logits] } : { top };
}

function namesOf({ classes, words }: Pick<NetworkCard, 'classes' | 'words'>, index: number) {
  const label = classes[index] ?? '';
  const known = words?.[index] ?? imagenetWords(label);
  return known === '' ? { label } : { label, words: known };
}

function softmax(logits: Float32Array): Float64Array {
  const largest = Math.max(...logits);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
