import { availableParallelism } from 'node:os';
import type { Architecture } from '../archs/index.js';
import { type BatchLoader, type BatchSettings, openBatches } from '../data/batches/batches.js';
import type { Split } from '../data/dataset.js';
import { inspectJpegs } from '../data/decode/jpeg.js';
import { openDataset } from '../data/open-dataset.js';
import { DataError } from '../errors.js';
import { trainingTransform } from '../session/augmentation.js';
import type { Reporter } from '../session/reporter.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import type { Settings } from '../settings/types.js';

/** What decoding on one number of threads gave. */
export interface DecodingRate {
  readonly workers: number;
  readonly images_per_second: number;
  /** Images by the time that all threads of the process spent computing. */
  readonly images_per_core_second: number;
  /** Memory of the process at the end of the warm-up, at the end, and the most in between. */
  readonly resident_bytes: readonly [start: number, end: number, most: number];
}

export interface DataBenchmarkResult {
  /** What decodes JPEGs. */
  readonly decoder: string;
  readonly images: number;
  readonly input_size: number;
  readonly batch_size: number;
  readonly steps: number;
  /** Of the most threads. */
  readonly images_per_second: number;
  readonly images_per_core_second: number;
  readonly rates: readonly DecodingRate[];
}

/**
 * Measures how fast batches of training images are read and decoded, without training: on one
 * thread, two, four and so on up to all cores, or on the given number of threads.
 */
export async function benchmarkData(
  architecture: Architecture,
  settings: Settings<'bench-data'> & { readonly data: string },
  reporter: Reporter,
): Promise<DataBenchmarkResult> {
  const { batchSize, channels, inputSize, seed, steps, data, workers } = settings;
  const dataset = await openDataset(data, { ...settings, onProgress: reporter.note });
  const images = dataset.train.images.length;
  if (images < batchSize) {
    throw new DataError(
      `${data} holds ${images} training images, fewer than one batch of ${batchSize}: give --batch-size ${images}.`,
    );
  }
  const transform = trainingTransform(architecture.recipe, settings);
  const rates: DecodingRate[] = [];
  for (const threads of workers === null ? threadCounts(availableParallelism()) : [workers]) {
    const rate = await measure(
      dataset.train,
      {
        batchSize,
        imageSize: inputSize,
        channels,
        transform,
        seed,
        workers: threads,
        shuffle: true,
        lastBatch: 'drop',
        prefetch: 2,
        cacheBytes: 0,
      },
      settings,
      reporter,
    );
    rates.push(rate);
  }
  const { usable, detail } = inspectJpegs();
  const { images_per_second = 0, images_per_core_second = 0 } = rates.at(-1) ?? {};
  return {
    decoder: usable ? detail : 'sharp',
    images,
    input_size: inputSize,
    batch_size: batchSize,
    steps,
    images_per_second,
    images_per_core_second,
    rates,
  };
}

/** 1, 2, 4 … and all cores. */
function threadCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

async function measure(
  split: Split,
  settings: BatchSettings,
  { steps, warmup }: { readonly steps: number; readonly warmup: number },
  reporter: Reporter,
): Promise<DecodingRate> {
  const { workers, batchSize } = settings;
  const loader = await openBatches(split, settings);
  try {
    reporter.begin(`${workers} ${workers === 1 ? 'thread' : 'threads'}`, warmup + steps);
    const memory: number[] = [];
    let step = 0;
    let wall = performance.now();
    let processor = process.cpuUsage();
    for await (const batch of endlessBatches(loader)) {
      batch.release();
      reporter.advance(++step);
      if (step >= warmup) memory.push(process.memoryUsage.rss());
      if (step === warmup) {
        wall = performance.now();
        processor = process.cpuUsage();
      }
      if (step === warmup + steps) break;
    }
    const { user, system } = process.cpuUsage(processor);
    const seconds = (performance.now() - wall) / 1000;
    reporter.end();
    createUnreadableWarning(reporter)(loader, 'which the rate counts all the same');
    return {
      workers,
      images_per_second: (steps * batchSize) / seconds,
      images_per_core_second: (steps * batchSize * 1e6) / (user + system),
      resident_bytes: [memory[0] ?? 0, memory.at(-1) ?? 0, Math.max(...memory)],
    };
  } finally {
    await loader.close();
  }
}

async function* endlessBatches(loader: BatchLoader) {
  for (let epoch = 0; ; epoch++) yield* loader.batches(epoch);
}
