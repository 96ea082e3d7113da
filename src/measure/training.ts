import { availableParallelism } from 'node:os';
import type { Architecture } from '../archs/index.js';
import type { Backend } from '../backend/index.js';
import { measurePeaks } from '../backend/kernels/peaks.js';
import { type Profiler, profilerOf } from '../backend/profiler.js';
import { Optimizer } from '../network/optimizer.js';
import { trainingSize } from '../session/augmentation.js';
import { checkDecode } from '../session/decoding.js';
import { checkFits } from '../session/out-of-memory.js';
import { createPace, takesTurns, timed } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { startBackend, warnFallbacks } from '../session/start-backend.js';
import type { Settings } from '../settings/types.js';
import { checkWritable } from '../system/files.js';
import { trainStep } from '../train/step.js';
import { median } from './median.js';
import { estimateMemory } from './memory.js';
import { type ProfileReport, summariseProfile } from './profile.js';
import { writeTrace } from './trace.js';
import { type BatchSource, openSource } from './training-source.js';

/** Medians over the measured steps. */
export interface BenchmarkResult {
  readonly arch: string;
  /** Those that are not the defaults. */
  readonly arch_options: readonly string[];
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

interface StepTimes {
  readonly all: number;
  readonly javascript: number;
  readonly waiting: number;
}

/** How much to train: `warmup` steps, then at least `steps` and at least `seconds` of time. */
export interface Amount {
  readonly warmup: number;
  readonly steps: number;
  readonly seconds?: number;
}

/** A network being trained, whose steps can be timed. */
export interface Benchmark {
  measure(amount: Amount): Promise<BenchmarkResult>;
  close(): Promise<void>;
}

/** Measures training steps on batches in the device's memory, or on those of a dataset. */
export async function benchmarkTraining(
  architecture: Architecture,
  settings: Settings<'bench'>,
  reporter: Reporter,
): Promise<BenchmarkResult> {
  const benchmark = await openBenchmark(architecture, settings, reporter);
  try {
    return await benchmark.measure(settings);
  } finally {
    await benchmark.close();
  }
}

export async function openBenchmark(
  architecture: Architecture,
  settings: Settings<'bench'>,
  reporter: Reporter,
): Promise<Benchmark> {
  if (settings.trace !== null) await checkWritable(settings.trace, '--trace');
  checkDecode(settings);
  const backend = await startBackend(settings, reporter);
  const wanted = settings.profile || settings.trace !== null;
  const profiler = wanted ? profilerOf(backend) : undefined;
  await checkFits(backend, settings.batchSize, async (batchSize) => {
    // Nothing is evaluated.
    const size = { inputSize: trainingSize(settings), trainCropSize: null };
    const step = { ...settings, ...size, batchSize };
    const { stepBytes, leastBytes } = await estimateMemory(architecture, backend, step);
    return stepBytes ?? leastBytes;
  });
  const source = await openSource(architecture, settings, backend);
  const trainer = createTrainer(source, architecture, settings, backend, profiler);
  return {
    async measure(amount) {
      const times = await trainer.measure(amount, reporter);
      warnFallbacks(backend, reporter);
      const { name: arch, given: options = [] } = architecture;
      const result = { arch, arch_options: options, ...summarise(times, settings, backend) };
      if (!profiler) return result;
      const calls = await profiler.stop();
      if (settings.trace !== null) await writeTrace(settings.trace, calls);
      // Opened last: its memory would count otherwise.
      const peaks = await measurePeaks(profiler);
      const lengths = times.map(({ all }) => all);
      return { ...result, profile: summariseProfile(calls, peaks, lengths) };
    },
    async close() {
      await trainer.close();
      await source.close();
    },
  };
}

function summarise(
  times: readonly StepTimes[],
  settings: Settings<'bench'>,
  backend: Backend,
): Omit<BenchmarkResult, 'arch' | 'arch_options'> {
  const milliseconds = median(times.map(({ all }) => all));
  const sum = (pick: (time: StepTimes) => number) =>
    times.reduce((total, time) => total + pick(time), 0);
  return {
    backend: backend.name,
    precision: backend.precision,
    threads: backend.threads,
    batch_size: settings.batchSize,
    input_size: trainingSize(settings),
    steps: times.length,
    images_per_second: (1000 * settings.batchSize) / milliseconds,
    milliseconds_per_step: milliseconds,
    javascript_milliseconds_per_step: median(times.map(({ javascript }) => javascript)),
    peak_bytes: backend.memory().peakBytes,
    // Node gives it in KiB.
    peak_resident_bytes: 1024 * process.resourceUsage().maxRSS,
    data_wait_percent: (100 * sum(({ waiting }) => waiting)) / sum(({ all }) => all),
  };
}

/** Trains step by step, with the device at most two steps behind. */
function createTrainer(
  source: BatchSource,
  architecture: Architecture,
  { seed, auxWeight }: Settings<'bench'>,
  backend: Backend,
  profiler: Profiler | undefined,
) {
  const { session } = source;
  const optimizer = new Optimizer(session.network.weights, architecture.recipe);
  const pace = createPace(backend, takesTurns(backend, availableParallelism()));
  // A learning rate so small that random images cannot make the numbers overflow.
  const smoothing = architecture.recipe.labelSmoothing;
  const options = { lr: 1e-6, smoothing, seed, auxiliaryWeight: auxWeight };
  let waiting = 0;
  const takes = timed(source.next(), (seconds) => {
    waiting = seconds * 1000;
  });
  let step = 0;
  if (profiler) session.network.onPhase = (phase, layer) => profiler.enter(phase, layer);

  async function train(): Promise<StepTimes> {
    const before = performance.now();
    const { value: take } = await takes.next();
    profiler?.beginStep(step);
    const start = performance.now();
    const { batch, release } = take();
    trainStep(session, optimizer, batch, { ...options, step: step++ }).dispose();
    release();
    const javascript = performance.now() - start;
    await pace();
    return { all: performance.now() - before, javascript, waiting };
  }

  return {
    async measure({ warmup, steps, seconds = 0 }: Amount, reporter: Reporter) {
      const total = warmup + steps;
      const times: StepTimes[] = [];
      let measured = 0;
      reporter.begin('bench', total);
      for (let done = 0; done < total || measured < 1000 * seconds; ) {
        if (done === warmup) await profiler?.start();
        const time = await train();
        if (done >= warmup) {
          times.push(time);
          measured += time.all;
        }
        done++;
        reporter.advance(Math.min(done, total));
      }
      await backend.sync();
      reporter.end();
      return times;
    },
    close: () => takes.return(undefined),
  };
}
