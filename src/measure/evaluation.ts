/** Passes forward of a network on one batch in memory, each read before the next begins. */
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../archs/index.js';
import { withoutDrawing } from '../archs/index.js';
import { withCountingBackend } from '../backend/counting-backend.js';
import type { Backend } from '../backend/index.js';
import { random } from '../rng.js';
import { type NetworkCard, networkCard } from '../session/network-card.js';
import { checkFits } from '../session/out-of-memory.js';
import type { Reporter } from '../session/reporter.js';
import { openSession, uploadImages } from '../session/session.js';
import { startBackend } from '../session/start-backend.js';
import type { Settings } from '../settings/types.js';
import { checkWritable } from '../system/files.js';
import {
  type Benchmark,
  type BenchmarkResult,
  measureOnce,
  openSteps,
  type StepTimes,
} from './steps.js';

export function benchmarkEvaluation(
  architecture: Architecture,
  settings: Settings<'bench-eval'>,
  reporter: Reporter,
): Promise<BenchmarkResult> {
  return measureOnce(openEvaluation(architecture, settings, reporter), settings);
}

export async function openEvaluation(
  architecture: Architecture,
  settings: Settings<'bench-eval'>,
  reporter: Reporter,
): Promise<Benchmark> {
  const { batchSize, inputSize, channels, numClasses, seed, profile, trace } = settings;
  if (trace !== null) await checkWritable(trace, '--trace');
  const backend = await startBackend(settings, reporter);
  const classes = Array.from({ length: numClasses }, (_, index) => String(index));
  const card = networkCard(architecture, { classes, inputSize, channels });
  await checkFits(backend, batchSize, (count) => passBytes(architecture, card, backend, count));
  const session = openSession(architecture, card, seed);
  const images = uploadImages(session, randomImages(card, batchSize, seed), inputSize, inputSize);
  const { network } = session;

  async function step(begin: () => void): Promise<StepTimes> {
    begin();
    const start = performance.now();
    const logits = tf.tidy(() => network.predict(images));
    const reading = logits.data();
    const javascript = performance.now() - start;
    await reading;
    logits.dispose();
    return { all: performance.now() - start, javascript, waiting: 0 };
  }

  return openSteps({
    ...{ architecture, backend, network, batchSize, inputSize, profile, trace, reporter, step },
    async close() {
      images.dispose();
      network.dispose();
      session.model.dispose();
    },
  });
}

function randomImages({ channels, inputSize }: NetworkCard, count: number, seed: number) {
  const draw = random(seed, 'augment');
  const length = count * inputSize * inputSize * channels;
  const images = Uint8Array.from({ length }, () => draw.below(256));
  return { images, mirror: new Uint8Array(count) };
}

/** The most that a pass takes. */
async function passBytes(
  architecture: Architecture,
  card: NetworkCard,
  { name, precision }: Pick<Backend, 'name' | 'precision'>,
  batchSize: number,
): Promise<number> {
  return withCountingBackend(precision, (device) => {
    const session = withoutDrawing(() => openSession(architecture, card, 0));
    const { inputSize: size, channels } = card;
    const images = tf.zeros<tf.Rank.R4>([batchSize, size, size, channels]);
    let most = 0;
    device.onKernel = () => {
      most = Math.max(most, device.count().bytes);
    };
    // From the second pass on kernels keep copies of weights.
    for (const _ of [1, 2]) tf.dispose(tf.tidy(() => session.network.predict(images)));
    images.dispose();
    const { peakBytes } = device.count();
    session.network.dispose();
    session.model.dispose();
    return name === 'cpu' && !(device.source instanceof Error) ? peakBytes : most;
  });
}
