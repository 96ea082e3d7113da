import type { Architecture } from '../archs/index.js';
import type { Backend } from '../backend/index.js';
import { SOLO, togetherIn, type World } from '../distributed/world.js';
import { Optimizer } from '../network/optimizer.js';
import type { Together } from '../network/rules/rule.js';
import { trainingSize } from '../session/augmentation.js';
import { checkDecode } from '../session/decoding.js';
import { checkFits } from '../session/out-of-memory.js';
import { createPace, takesTurns, timed } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { startBackend } from '../session/start-backend.js';
import {
  leaveToFixedTable,
  MEASURED_STEPS,
  measuredPrecision,
  tuneKernels,
} from '../session/tuning.js';
import type { Settings } from '../settings/types.js';
import { checkWritable } from '../system/files.js';
import { checkBatch, checkData, joinWorld, threadsOf } from '../train/start/divided.js';
import { estimatedOnce } from '../train/start/estimated-once.js';
import { trainStep } from '../train/step.js';
import { estimateMemory } from './memory.js';
import {
  type Benchmark,
  type BenchmarkResult,
  measureOnce,
  openSteps,
  type StepTimes,
} from './steps.js';
import { type BatchSource, openSource } from './training-source.js';

/**
 * Measures training steps on batches in the device's memory, or on those of a dataset. Several
 * processes divide the batch.
 */
export function benchmarkTraining(
  architecture: Architecture,
  settings: Settings<'bench'>,
  reporter: Reporter,
  world: World,
): Promise<BenchmarkResult> {
  return measureOnce(openBenchmark(architecture, settings, reporter, world), settings);
}

export async function openBenchmark(
  architecture: Architecture,
  given: Settings<'bench'>,
  reporter: Reporter,
  world: World = SOLO,
): Promise<Benchmark> {
  const { batchSize: total } = given;
  checkBatch(world, total);
  const alone = world.size === 1;
  // Kernels that each process chose by its own times could round otherwise.
  const autotune = alone && given.autotune;
  const threads = threadsOf(world, given);
  const settings = { ...given, batchSize: world.share(total).count, autotune, threads };
  // The leader alone speaks, and measures peaks while the others rest.
  const profile = world.leads && given.profile;
  const trace = world.leads ? given.trace : null;
  if (trace !== null) await checkWritable(trace, '--trace');
  checkDecode(settings);
  // Nothing is evaluated.
  const size = { inputSize: trainingSize(settings), trainCropSize: null };
  const { batchSize } = settings;
  const estimateOnce = estimatedOnce(estimateMemory);
  const estimateIn = (backend: Pick<Backend, 'name' | 'precision'>, images: number) =>
    estimateOnce(architecture, backend, { ...settings, ...size, batchSize: images });
  const backend = await startBackend(settings, reporter, async (opened) => {
    const callsIn = async (precision: 'f32' | 'bf16') =>
      (await estimateIn({ name: 'cpu', precision }, batchSize)).calls;
    return autotune ? measuredPrecision(opened, callsIn, true) : undefined;
  });
  const estimate = (images: number) => estimateIn(backend, images);
  const { calls } = await estimate(batchSize);
  await checkFits(backend, batchSize, async (images) => {
    const { stepBytes, leastBytes } = await estimate(images);
    return stepBytes ?? leastBytes;
  });
  const tuning = autotune
    ? await tuneKernels(backend, calls, { times: MEASURED_STEPS }, reporter)
    : leaveToFixedTable(backend);
  await joinWorld(world, backend, { batchSize: total }, reporter);
  const source = await openSource(architecture, settings, backend);
  await checkData(world, source);
  const trainer = createTrainer(source, architecture, settings, backend, {
    alternate: takesTurns(backend, world.cores),
    together: togetherIn(world, total, {
      narrow: settings.distBf16,
      syncNorm: settings.syncBn,
    }),
  });
  return openSteps({
    ...{ architecture, backend, reporter, batchSize: total, profile, trace },
    ...{ processes: world.size },
    network: source.session.network,
    inputSize: trainingSize(settings),
    step: trainer.train,
    ...(tuning && { kernels: { choices: tuning.choices, measured: tuning.measured } }),
    async close() {
      await trainer.close();
      await source.close();
    },
  });
}

/** Trains step by step, with the device at most two steps behind. */
function createTrainer(
  source: BatchSource,
  architecture: Architecture,
  { seed, auxWeight }: Settings<'bench'>,
  backend: Backend,
  { alternate, together }: { alternate: boolean; together: Together | undefined },
) {
  const { session } = source;
  const optimizer = new Optimizer(session.network.weights, architecture.recipe);
  const pace = createPace(backend, alternate);
  // A learning rate so small that random images cannot make the numbers overflow.
  const smoothing = architecture.recipe.labelSmoothing;
  const options = { lr: 1e-6, smoothing, seed, auxiliaryWeight: auxWeight, together };
  let waiting = 0;
  const takes = timed(source.next(), (seconds) => {
    waiting = seconds * 1000;
  });
  let step = 0;

  async function train(begin: () => void): Promise<StepTimes> {
    const before = performance.now();
    const { value: take } = await takes.next();
    begin();
    const start = performance.now();
    const { batch, release } = take();
    trainStep(session, optimizer, batch, { ...options, step: step++ }).dispose();
    release();
    const javascript = performance.now() - start;
    await pace();
    return { all: performance.now() - before, javascript, waiting };
  }

  return { train, close: () => takes.return(undefined) };
}
