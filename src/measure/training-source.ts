import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../archs/index.js';
import type { Backend } from '../backend/index.js';
import { openDataset } from '../data/open-dataset.js';
import { RunError } from '../errors.js';
import { random } from '../rng.js';
import { trainingSize, trainingTransform } from '../session/augmentation.js';
import { openTrainingBatches } from '../session/loaders.js';
import { networkCard } from '../session/network-card.js';
import { type DeviceBatch, openSession, type Session, upload } from '../session/session.js';
import type { Settings } from '../settings/types.js';

/** The input of a step; `release` frees it. */
interface Input {
  readonly batch: DeviceBatch;
  release(): void;
}

/** A network and the endless batches on which a benchmark trains it. */
export interface BatchSource {
  readonly session: Session;
  /** Of the data; none of random images. */
  readonly fingerprint: string;
  next(): AsyncGenerator<() => Input, never>;
  close(): Promise<void>;
}

export function openSource(
  architecture: Architecture,
  settings: Settings<'bench'>,
  backend: Backend,
): Promise<BatchSource> {
  return settings.data === null
    ? syntheticSource(architecture, settings)
    : dataSource(architecture, settings, settings.data, backend);
}

async function syntheticSource(
  architecture: Architecture,
  settings: Settings<'bench'>,
): Promise<BatchSource> {
  const { batchSize, channels, numClasses: classes, seed, auxWeight } = settings;
  const inputSize = trainingSize(settings);
  const names = Array.from({ length: classes }, (_, index) => String(index));
  const card = networkCard(architecture, { classes: names, inputSize, channels, auxWeight });
  const session = openSession(architecture, card, seed);
  const draw = random(seed, 'augment');
  const count = batchSize * inputSize * inputSize * channels;
  const batch = upload(session, {
    images: Uint8Array.from({ length: count }, () => draw.below(256)),
    labels: Int32Array.from({ length: batchSize }, () => draw.below(classes)),
    mirror: new Uint8Array(batchSize),
    offsets: new Float32Array(batchSize * channels),
    count: batchSize,
    release: () => {},
  });
  return {
    session,
    fingerprint: '',
    async *next() {
      for (;;) yield () => ({ batch, release: () => {} });
    },
    close: async () => tf.dispose([batch.images, batch.labels]),
  };
}

async function dataSource(
  architecture: Architecture,
  settings: Settings<'bench'>,
  data: string,
  backend: Backend,
): Promise<BatchSource> {
  const { channels, seed, auxWeight } = settings;
  const inputSize = trainingSize(settings);
  const dataset = await openDataset(data, settings);
  const { classes } = dataset;
  const card = networkCard(architecture, { classes, inputSize, channels, auxWeight });
  const session = openSession(architecture, card, seed);
  const transform = trainingTransform(architecture.recipe, settings);
  const loader = await openTrainingBatches(dataset.train, { ...settings, backend, transform });
  if (loader.steps === 0) {
    throw new RunError(`${data} holds fewer images than one batch of ${settings.batchSize}`);
  }
  return {
    session,
    fingerprint: dataset.fingerprint,
    async *next() {
      for (let epoch = 0; ; epoch++) {
        for await (const bytes of loader.batches(epoch)) {
          yield () => {
            const batch = upload(session, bytes);
            bytes.release();
            return { batch, release: () => tf.dispose([batch.images, batch.labels]) };
          };
        }
      }
    },
    close: () => loader.close(),
  };
}
