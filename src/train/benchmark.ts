import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../archs/index.js';
import type { Backend } from '../backend/index.js';
import { type Profiler, profilerOf } from '../backend/profiler.js';
import type { Settings } from '../config.js';
import { openDataset } from '../data/dataset.js';
import { RunError } from '../errors.js';
import { median } from '../median.js';
import { Sgd } from '../network/sgd.js';
import { random } from '../rng.js';
import { trainingTransform } from './augmentation.js';
import { openTrainingBatches } from './loaders.js';
import { createPace, takesTurns, timed } from './pace.js';
import { measurePeaks } from './peaks.js';
import { type ProfileReport, summariseProfile } from './profile.js';
import type { Reporter } from './reporter.js';
import {
  type DeviceBatch,
  networkCard,
  openSession,
  type Session,
  trainStep,
  upload,
} from './session.js';
import { startBackend, warnFallbacks } from './start-backend.js';
import { writeTrace } from './trace.js';

/** Medians over the measured steps. */
export interface BenchmarkResult {
  readonly arch: string;
  readonly backend: string;
  readonly precision: string;
  readonly threads: number;
  readonly batch_size: number;
  readonly input_size: number;
  readonly steps: number;
  readonly images_per_second: number;
  readonly milliseconds_per_step: number;
  /** The part of a step that occupies the JavaScript thread. */
  readonly javascript_milliseconds_per_step: number;
  /** The most that tensors, copies of weights and scratch memory took on the device. */
  readonly peak_bytes: number;
  /** The most that the whole process had in main memory. */
  readonly peak_resident_bytes: number;
  readonly data_wait_percent: number;
  /** With --profile and --trace: what the kernels of the measured steps took. */
  readonly profile?: ProfileReport;
}

/** The input of a step; `release` frees it. */
interface Input {
  readonly batch: DeviceBatch;
  release(): void;
}

interface Source {
  readonly session: Session;
  next(): AsyncGenerator<() => Input>;
  close(): Promise<void>;
}

interface StepTimes {
  readonly all: number;
  readonly javascript: number;
  readonly waiting: number;
}

/** Measures training steps on batches that lie on the device, or on those of a data set. */
export async function benchmarkTraining(
  architecture: Architecture,
  settings: Settings<'bench'>,
  reporter: Reporter,
): Promise<BenchmarkResult> {
  const backend = await startBackend(settings, reporter);
  const wanted = settings.profile || settings.trace !== null;
  const profiler = wanted ? profilerOf(backend) : undefined;
  const source = await (settings.data === null
    ? syntheticSource(architecture, settings)
    : dataSource(architecture, settings, settings.data, backend));
  try {
    const times = await measure(source, architecture, settings, backend, reporter, profiler);
    warnFallbacks(backend, reporter);
    const milliseconds = median(times.map(({ all }) => all));
    const sum = (pick: (time: StepTimes) => number) =>
      times.reduce((total, time) => total + pick(time), 0);
    const result = {
      arch: architecture.name,
      backend: backend.name,
      precision: backend.precision,
      threads: backend.threads,
      batch_size: settings.batchSize,
      input_size: settings.inputSize,
      steps: times.length,
      images_per_second: (1000 * settings.batchSize) / milliseconds,
      milliseconds_per_step: milliseconds,
      javascript_milliseconds_per_step: median(times.map(({ javascript }) => javascript)),
      peak_bytes: backend.memory().peakBytes,
      // Node gives it in KiB.
      peak_resident_bytes: 1024 * process.resourceUsage().maxRSS,
      data_wait_percent: (100 * sum(({ waiting }) => waiting)) / sum(({ all }) => all),
    };
    if (!profiler) return result;
    const calls = await profiler.stop();
    if (settings.trace !== null) await writeTrace(settings.trace, calls);
    // Not before: it takes memory, which would count.
    const peaks = await measurePeaks(profiler);
    const lengths = times.map(({ all }) => all);
    return { ...result, profile: summariseProfile(calls, peaks, lengths) };
  } finally {
    await source.close();
  }
}

/** Times each step from the end of the one before, with the device at most two steps behind. */
async function measure(
  source: Source,
  architecture: Architecture,
  { steps, warmup, seed, auxWeight }: Settings<'bench'>,
  backend: Backend,
  reporter: Reporter,
  profiler: Profiler | undefined,
): Promise<StepTimes[]> {
  const { session } = source;
  const optimizer = new Sgd(session.network.weights, architecture.recipe);
  const pace = createPace(backend, takesTurns(backend, availableParallelism()));
  const times: StepTimes[] = [];
  let waiting = 0;
  let step = 0;
  // A learning rate so small that random pictures cannot make the numbers overflow.
  const smoothing = architecture.recipe.labelSmoothing;
  const options = { lr: 1e-6, smoothing, seed, auxiliaryWeight: auxWeight };
  const onWait = (seconds: number) => {
    waiting = seconds * 1000;
  };
  reporter.begin('bench', warmup + steps);
  if (profiler) session.network.onPhase = (phase, layer) => profiler.enter(phase, layer);
  let before = performance.now();
  for await (const take of timed(source.next(), onWait)) {
    if (step === warmup && profiler) {
      await profiler.start();
      before = performance.now();
    }
    profiler?.beginStep(step);
    const start = performance.now();
    const { batch, release } = take();
    trainStep(session, optimizer, batch, { ...options, step }).dispose();
    release();
    const javascript = performance.now() - start;
    await pace();
    const now = performance.now();
    if (step >= warmup) times.push({ all: now - before, javascript, waiting });
    before = now;
    reporter.advance(++step);
    if (step === warmup + steps) break;
  }
  await backend.sync();
  reporter.end();
  return times;
}

async function syntheticSource(
  architecture: Architecture,
  settings: Settings<'bench'>,
): Promise<Source> {
  const { batchSize, inputSize, channels, numClasses: classes, seed, auxWeight } = settings;
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
): Promise<Source> {
  const { inputSize, channels, seed, auxWeight } = settings;
  const dataset = await openDataset(data, settings);
  const { classes } = dataset;
  const card = networkCard(architecture, { classes, inputSize, channels, auxWeight });
  const session = openSession(architecture, card, seed);
  const transform = trainingTransform(architecture.recipe, settings);
  const loader = await openTrainingBatches(dataset.train, { ...settings, backend, transform });
  if (loader.steps === 0) {
    throw new RunError(`${data} holds fewer pictures than one batch of ${settings.batchSize}`);
  }
  return {
    session,
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
