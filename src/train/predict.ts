import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../config.js';
import { listFiles } from '../data/picture-table.js';
import { DataError } from '../errors.js';
import { openEvaluationBatches } from './loaders.js';
import type { TrainedModel } from './open-model.js';
import type { Reporter } from './reporter.js';
import { upload } from './session.js';
import { startBackend } from './start-backend.js';

export interface Guess {
  /** Index of the class, counted from 0 in the order of the training set. */
  readonly class: number;
  readonly label: string;
  readonly probability: number;
}

export interface Prediction {
  readonly file: string;
  /** The likeliest classes, best first; empty where the picture could not be read. */
  readonly top: readonly Guess[];
  readonly logits?: readonly number[];
  /** Why the picture could not be read. */
  readonly error?: string;
}

/** Names the classes of pictures, in the order of `files`. */
export async function predict(
  trained: TrainedModel,
  settings: Settings<'predict'>,
  files: readonly string[],
  reporter: Reporter,
): Promise<Prediction[]> {
  await checkFiles(files);
  const backend = await startBackend(settings, reporter);
  const { session } = await trained.open(settings, reporter);
  const { channels, transform, classes } = session.card;
  const paths = files.map((file) => resolve(file));
  const split = { pictures: listFiles(paths), labels: new Int32Array(files.length) };
  const batchSize = Math.min(settings.batchSize, files.length);
  const { workers } = settings;
  const options = { backend, batchSize, workers, channels, transform, seed: 0 };
  const loader = await openEvaluationBatches(split, { ...options, cache: 'none' });
  try {
    const predictions: Prediction[] = [];
    for await (const batch of loader.batches(0)) {
      const input = upload(session, batch);
      const { count } = batch;
      batch.release();
      const logits = tf.tidy(() => session.network.predict(input.images));
      const values = await logits.data<'float32'>();
      tf.dispose([logits, input.images, input.labels]);
      for (let slot = 0; slot < count; slot++) {
        const index = predictions.length;
        const file = files[index] ?? '';
        const error = loader.unreadable.get(paths[index] ?? '');
        const row = values.subarray(slot * classes.length, (slot + 1) * classes.length);
        predictions.push(
          error === undefined
            ? { file, ...describe(row, classes, settings) }
            : { file, top: [], error },
        );
      }
    }
    return predictions;
  } finally {
    await loader.close();
  }
}

function describe(
  logits: Float32Array,
  classes: readonly string[],
  settings: Pick<Settings<'predict'>, 'top' | 'logits'>,
): Pick<Prediction, 'top' | 'logits'> {
  const guesses = [...softmax(logits)].map((probability, index) => ({
    class: index,
    label: classes[index] ?? '',
    probability,
  }));
  const top = guesses.sort((a, b) => b.probability - a.probability).slice(0, settings.top);
  return settings.logits ? { top, logits: [...logits] } : { top };
}

function softmax(logits: Float32Array): Float64Array {
  const largest = Math.max(...logits);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

async function checkFiles(files: readonly string[]): Promise<void> {
  for (const file of files) {
    await access(file).catch((error: Error) => {
      throw new DataError(`Cannot read the picture ${file}: ${error.message}`);
    });
  }
}
