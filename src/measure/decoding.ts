import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../archs/index.js';
import type { Backend } from '../backend/index.js';
import type { Colours } from '../colours.js';
import { counted } from '../counted.js';
import {
  type Batch,
  type BatchLoader,
  type BatchSettings,
  type Decoded,
  openBatches,
} from '../data/batches/batches.js';
import type { Split } from '../data/dataset.js';
import { inspectJpegs } from '../data/decode/jpeg.js';
import { openDataset } from '../data/open-dataset.js';
import { DataError } from '../errors.js';
import { trainingSize, trainingTransform } from '../session/augmentation.js';
import { chosenDecoder, type Decode } from '../session/decoding.js';
import type { Reporter } from '../session/reporter.js';
import { bytesOf, uploadImages } from '../session/session.js';
import { startBackend } from '../session/start-backend.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import type { Settings } from '../settings/types.js';

/** What decoding on one number of threads gave. */
export interface DecodingRate {
  readonly workers: number;
  /** What decoded JPEGs: the processor, or the GPU that has the batches then. */
  readonly decode: Decode;
  readonly images_per_second: number;
  /** Images by the time that all threads of the process spent computing. */
  readonly images_per_core_second: number;
  /** Where the GPU decoded, how many images it did, and how many it left to the processor. */
  readonly on_gpu?: number;
  readonly left_to_cpu?: number;
  /** Memory of the process at the end of the warm-up, at the end, and the most in between. */
  readonly resident_bytes: readonly [start: number, end: number, most: number];
}

export interface DataBenchmarkResult {
  /** What decodes JPEGs on the processor, and on the GPU where that was measured. */
  readonly decoder: string;
  readonly gpu_decoder?: string;
  /** Bytes, which training uploads, or the normalised numbers that it makes of them. */
  readonly output: 'bytes' | 'floats';
  readonly images: number;
  readonly input_size: number;
  readonly batch_size: number;
  readonly steps: number;
  /** Of the most threads, and where the GPU was measured too, of the GPU. */
  readonly images_per_second: number;
  readonly images_per_core_second: number;
  readonly rates: readonly DecodingRate[];
}

type DataSettings = Settings<'bench-data'> & { readonly data: string };

/**
 * Measures how fast batches of training images are read and decoded, without training: on one
 * thread, two, four and so on up to all cores, or on the given number of threads; on the processor,
 * and with `decode` on the GPU too.
 */
export async function benchmarkData(
  architecture: Architecture,
  settings: DataSettings,
  reporter: Reporter,
): Promise<DataBenchmarkResult> {
  const { batchSize, steps, data, workers } = settings;
  const gpu =
    settings.decode === 'gpu' ? await openDevice('cuda', settings, reporter, null) : undefined;
  const dataset = await openDataset(data, { ...settings, onProgress: reporter.note });
  const images = dataset.train.images.length;
  if (images < batchSize) {
    throw new DataError(
      `${data} holds ${images} training images, fewer than one batch of ${batchSize}: give --batch-size ${images}.`,
    );
  }
  const common = loaderSettings(architecture, settings);
  const rates: DecodingRate[] = [];
  for (const onGpu of gpu ? [undefined, gpu] : [undefined]) {
    for (const threads of workers === null ? threadCounts(availableParallelism()) : [workers]) {
      const decoder = onGpu && chosenDecoder('gpu', onGpu);
      const own = { ...common, workers: threads, ...(decoder && { decoder }) };
      const onCpu = settings.floats && !onGpu;
      const backend = onCpu ? await openDevice('cpu', settings, reporter, threads) : onGpu;
      const colours = settings.floats ? architecture.recipe : undefined;
      rates.push(await measure(dataset.train, own, { settings, reporter, backend, colours }));
    }
  }
  const { usable, detail } = inspectJpegs();
  const { images_per_second = 0, images_per_core_second = 0 } = rates.at(-1) ?? {};
  return {
    decoder: usable ? detail : 'sharp',
    ...(gpu && { gpu_decoder: chosenDecoder('gpu', gpu)?.description ?? '' }),
    output: settings.floats ? 'floats' : 'bytes',
    images,
    input_size: trainingSize(settings),
    batch_size: batchSize,
    steps,
    images_per_second,
    images_per_core_second,
    rates,
  };
}

function openDevice(
  backend: 'cpu' | 'cuda',
  settings: DataSettings,
  reporter: Reporter,
  threads: number | null,
): Promise<Backend> {
  const { device } = settings;
  const options = { device, precision: 'auto', deterministic: true } as const;
  const decode = backend === 'cuda' ? settings.decode : 'cpu';
  return startBackend({ ...options, backend, decode, threads }, reporter);
}

function loaderSettings(architecture: Architecture, settings: DataSettings) {
  const { batchSize, channels, seed } = settings;
  const imageSize = trainingSize(settings);
  const transform = trainingTransform(architecture.recipe, settings);
  const order = { shuffle: true, lastBatch: 'drop', prefetch: 2, cacheBytes: 0 } as const;
  return { batchSize, imageSize, channels, transform, seed, ...order };
}

/** 1, 2, 4 … and all cores. */
function threadCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

interface Measuring {
  readonly settings: Pick<DataSettings, 'steps' | 'warmup'>;
  readonly reporter: Reporter;
  /** What has the images: the GPU that decodes them, or what makes floats of them. */
  readonly backend: Backend | undefined;
  /** By what the images are normalised, where floats are made. */
  readonly colours: Colours | undefined;
}

async function measure(
  split: Split,
  loading: BatchSettings,
  { settings: { steps, warmup }, reporter, backend, colours }: Measuring,
): Promise<DecodingRate> {
  const { workers, batchSize } = loading;
  const loader = await openBatches(split, loading);
  const onGpu = loader.decoded !== undefined;
  const title = `${counted(workers, 'thread')}${onGpu ? ' and the GPU' : ''}`;
  try {
    reporter.begin(title, warmup + steps);
    const memory: number[] = [];
    let step = 0;
    let wall = performance.now();
    let processor = process.cpuUsage();
    for await (const batch of endlessBatches(loader)) {
      use(batch, loading, colours);
      if (colours !== undefined) await backend?.sync();
      batch.release();
      reporter.advance(++step);
      if (step >= warmup) memory.push(process.memoryUsage.rss());
      if (step === warmup) {
        await backend?.sync();
        wall = performance.now();
        processor = process.cpuUsage();
      }
      if (step === warmup + steps) break;
    }
    await backend?.sync();
    const { user, system } = process.cpuUsage(processor);
    const seconds = (performance.now() - wall) / 1000;
    reporter.end();
    createUnreadableWarning(reporter)(loader, 'which the rate counts all the same');
    return {
      workers,
      decode: onGpu ? 'gpu' : 'cpu',
      images_per_second: (steps * batchSize) / seconds,
      images_per_core_second: (steps * batchSize * 1e6) / (user + system),
      ...(loader.decoded && countsOf(loader.decoded)),
      resident_bytes: [memory[0] ?? 0, memory.at(-1) ?? 0, Math.max(...memory)],
    };
  } finally {
    await loader.close();
  }
}

/** As a step of training would; bytes of the processor are ready where they are. */
function use(
  batch: Batch,
  { batchSize, imageSize, channels }: BatchSettings,
  colours: Colours | undefined,
): void {
  if (colours !== undefined) {
    tf.dispose(uploadImages({ card: { channels, ...colours } }, batch, imageSize, imageSize));
  } else if (batch.takeFromDevice !== undefined) {
    tf.dispose(bytesOf(batch, [batchSize, imageSize, imageSize, channels]));
  }
}

function countsOf({ device, processor }: Readonly<Decoded>) {
  return { on_gpu: device, left_to_cpu: processor };
}

async function* endlessBatches(loader: BatchLoader) {
  for (let epoch = 0; ; epoch++) yield* loader.batches(epoch);
}
