import type { Architecture } from '../archs/index.js';
import type { Backend } from '../backend/index.js';
import { measurePeaks } from '../backend/kernels/peaks.js';
import { type Profiler, profilerOf } from '../backend/profiler.js';
import type { MeasuredCalls } from '../backend/tuning/kept-times.js';
import type { Choices } from '../backend/tuning/tune.js';
import type { Network } from '../network/network.js';
import type { Reporter } from '../session/reporter.js';
import { warnFallbacks } from '../session/start-backend.js';
import { median } from './median.js';
import { type ProfileReport, summariseProfile } from './profile.js';
import { writeTrace } from './trace.js';

/** Medians over the measured steps. */
export interface BenchmarkResult {
  readonly arch: string;
  /** Those that are not the defaults. */
  readonly arch_options: readonly string[];
  readonly backend: string;
  readonly precision: string;
  readonly threads: number;
  /** Of all processes. */
  readonly batch_size: number;
  readonly processes: number;
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
  /** Which candidate computes each call, where not the fixed table's, and what was measured. */
  readonly kernels?: { readonly choices: Choices; readonly measured: MeasuredCalls };
  /** With --profile and --trace: what the kernels of the measured steps took. */
  readonly profile?: ProfileReport;
}

export interface StepTimes {
  readonly all: number;
  readonly javascript: number;
  readonly waiting: number;
}

/** How much to measure: `warmup` steps, then at least `steps` and at least `seconds` of time. */
export interface Amount {
  readonly warmup: number;
  readonly steps: number;
  readonly seconds?: number;
}

/** A network whose steps can be timed. */
export interface Benchmark {
  measure(amount: Amount): Promise<BenchmarkResult>;
  close(): Promise<void>;
}

/** Measures once what is being opened, and closes it. */
export async function measureOnce(
  opening: Promise<Benchmark>,
  amount: Amount,
): Promise<BenchmarkResult> {
  const benchmark = await opening;
  try {
    return await benchmark.measure(amount);
  } finally {
    await benchmark.close();
  }
}

/** Steps of a network that are to be measured. */
export interface Stepping {
  readonly architecture: Architecture;
  readonly backend: Backend;
  readonly network: Network;
  /** Images of a step of all processes. */
  readonly batchSize: number;
  readonly processes?: number;
  readonly inputSize: number;
  readonly profile: boolean;
  readonly trace: string | null;
  readonly reporter: Reporter;
  readonly kernels?: BenchmarkResult['kernels'];
  /** One step; calls `begin` when its input is there. */
  step(begin: () => void): Promise<StepTimes>;
  close(): Promise<unknown>;
}

export function openSteps(stepping: Stepping): Benchmark {
  const { architecture, backend, network, trace, reporter } = stepping;
  const wanted = stepping.profile || trace !== null;
  const profiler = wanted ? profilerOf(backend) : undefined;
  if (profiler) network.onPhase = (phase, layer) => profiler.enter(phase, layer);
  const run = createRunner(stepping, profiler);
  return {
    async measure(amount) {
      const times = await run(amount);
      warnFallbacks(backend, reporter);
      const { name: arch, given: options = [] } = architecture;
      const result = {
        ...{ arch, arch_options: options, ...summarise(times, stepping) },
        ...(stepping.kernels && { kernels: stepping.kernels }),
      };
      if (!profiler) return result;
      const calls = await profiler.stop();
      if (trace !== null) await writeTrace(trace, calls);
      // Opened last: its memory would count otherwise.
      const peaks = await measurePeaks(profiler);
      const lengths = times.map(({ all }) => all);
      return { ...result, profile: summariseProfile(calls, peaks, lengths) };
    },
    close: async () => {
      await stepping.close();
    },
  };
}

function createRunner({ backend, reporter, step }: Stepping, profiler: Profiler | undefined) {
  let place = 0;
  return async ({ warmup, steps, seconds = 0 }: Amount): Promise<StepTimes[]> => {
    const total = warmup + steps;
    const times: StepTimes[] = [];
    let measured = 0;
    reporter.begin('bench', total);
    for (let done = 0; done < total || measured < 1000 * seconds; ) {
      if (done === warmup) await profiler?.start();
      const time = await step(() => profiler?.beginStep(place++));
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
  };
}

function summarise(
  times: readonly StepTimes[],
  { backend, batchSize, inputSize, processes = 1 }: Stepping,
): Omit<BenchmarkResult, 'arch' | 'arch_options'> {
  const milliseconds = median(times.map(({ all }) => all));
  const sum = (pick: (time: StepTimes) => number) =>
    times.reduce((total, time) => total + pick(time), 0);
  return {
    backend: backend.name,
    precision: backend.precision,
    threads: backend.threads,
    batch_size: batchSize,
    processes,
    input_size: inputSize,
    steps: times.length,
    images_per_second: (1000 * batchSize) / milliseconds,
    milliseconds_per_step: milliseconds,
    javascript_milliseconds_per_step: median(times.map(({ javascript }) => javascript)),
    peak_bytes: backend.memory().peakBytes,
    // Node gives it in KiB.
    peak_resident_bytes: 1024 * process.resourceUsage().maxRSS,
    data_wait_percent: (100 * sum(({ waiting }) => waiting)) / sum(({ all }) => all),
  };
}
