/** Everything that a training needs before it has a directory. */
import { availableParallelism } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { withoutDrawing } from '../../archs/index.js';
import { IMAGENET_PRINCIPAL_COLOURS, type Transform } from '../../augment/index.js';
import type { Backend } from '../../backend/index.js';
import type { Choices } from '../../backend/tuning/tune.js';
import type { BatchLoader } from '../../data/batches/batches.js';
import type { Dataset } from '../../data/dataset.js';
import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { limitImages } from '../../data/limit-images.js';
import { openDataset } from '../../data/open-dataset.js';
import { combineVariables } from '../../distributed/statistics.js';
import { SOLO, togetherIn, type World } from '../../distributed/world.js';
import { DataError, UsageError } from '../../errors.js';
import { mlflowAddress } from '../../loggers/open-loggers.js';
import { WeightAverage } from '../../network/average.js';
import { checkLayerFactors, depthFactors } from '../../network/layer-factors.js';
import type { Network } from '../../network/network.js';
import { Optimizer, type OptimizerSettings } from '../../network/optimizer.js';
import type { Together } from '../../network/rules/rule.js';
import { loadWeights, withWeightsOf } from '../../runs/checkpoint/tensors.js';
import { trainingSelection } from '../../runs/run-selection.js';
import type { Progress } from '../../runs/state.js';
import { startFrom } from '../../runs/weights-files.js';
import { type Augmentation, trainingSize, trainingTransform } from '../../session/augmentation.js';
import { checkDecode } from '../../session/decoding.js';
import {
  badImageOptions,
  openEvaluationBatches,
  openTrainingBatches,
} from '../../session/loaders.js';
import { checkLoss, mixingOf } from '../../session/mixing.js';
import { type NetworkCard, networkCard } from '../../session/network-card.js';
import { checkFits } from '../../session/out-of-memory.js';
import { takesTurns } from '../../session/pace.js';
import type { Reporter } from '../../session/reporter.js';
import { openSession, type Session } from '../../session/session.js';
import { startBackend } from '../../session/start-backend.js';
import { checkWritable } from '../../system/files.js';
import { Limits } from '../limits.js';
import { startProgress } from '../progress.js';
import {
  headOptimizerState,
  optimizerState,
  restoreParts,
  type Stateful,
} from '../saving/stateful.js';
import type { Schedule } from '../schedule.js';
import { SentinelCounters } from '../sentinel/counters.js';
import { Rollbacks } from '../sentinel/rollbacks.js';
import { Updating } from '../updating.js';
import { chooseKernels, precisionFor } from './choose-kernels.js';
import {
  checkAlike,
  checkData,
  checkDivisible,
  joinWorld,
  leaderFirst,
  ownPart,
  ownVariables,
  threadsOf,
} from './divided.js';
import { setDropout } from './dropout.js';
import { estimatedOnce } from './estimated-once.js';
import { freezeLayers } from './freeze.js';
import { type HeadStart, headOf, headStartText } from './head-start.js';
import { withStatistics } from './measured-colours.js';
import { checkModelParallel, divideModel } from './model-parallel.js';
import type { MemoryEstimate, TrainRequest } from './request.js';

export interface Prepared {
  readonly request: TrainRequest;
  readonly dataset: Dataset;
  readonly augmentation: Augmentation;
  readonly backend: Backend;
  readonly alternate: boolean;
  /** Of a step. */
  readonly memory: MemoryEstimate;
  /** Which candidates compute it, on backend cpu. */
  readonly choices: Choices | undefined;
  readonly session: Session;
  readonly optimizer: Optimizer;
  readonly headStart?: HeadStart;
  /** What a checkpoint keeps besides the weights. */
  readonly sentinelCounters: SentinelCounters;
  readonly parts: readonly Stateful[];
  readonly rollbacks: Rollbacks;
  readonly schedule: Schedule;
  readonly updating: Updating;
  readonly limits: Limits;
  readonly trainLoader: BatchLoader;
  readonly valLoader: BatchLoader;
  readonly start: Progress;
  readonly world: World;
  readonly together?: Together | undefined;
  /** What all processes train alike. */
  readonly alike: readonly tf.Variable[];
  /** Gives all processes the same running statistics, or what one of them alone has trained. */
  readonly combine: () => Promise<void>;
  /** Ends the decoding threads. */
  close(): Promise<void>;
}

export async function prepareTraining(given: TrainRequest, reporter: Reporter): Promise<Prepared> {
  checkDecode(given.settings);
  const { world = SOLO } = given;
  checkModelParallel(world, given.architecture, given.settings);
  const whole = await leaderFirst(world, () => openWhole(given, reporter));
  for (const warning of whole.warnings) reporter.warn(warning);
  checkDataset(given, whole);
  const dataset = limited(whole, given.limits);
  checkDivisible(world, given.settings.batchSize, dataset);
  await checkAlike(world, given);
  await checkData(world, dataset);
  const estimateMemory = estimatedOnce(given.estimateMemory);
  const request = { ...(await withStatistics(given, dataset)), estimateMemory };
  const augmentation = augmentationOf(request);
  const { settings, resume } = request;
  mlflowAddress(request, { warn: () => {} });
  if (settings.weightsOut !== null) await checkWritable(settings.weightsOut, '--weights-out');
  const threads = threadsOf(world, settings);
  const backend = await startBackend(
    { ...settings, threads },
    reporter,
    precisionFor(request, dataset),
  );
  await joinWorld(world, backend, settings, reporter);

  const memory = await estimateStep(request, dataset, backend);
  const choices = await chooseKernels({ request, dataset, backend, memory }, reporter);
  const { session, head } = await prepareSession(request, dataset, reporter);
  const view = session.card.transform;
  const loaders = await openLoaders(request, dataset, { backend, augmentation, view, reporter });
  const start = resume?.checkpoint?.state.progress ?? startProgress();
  const schedule = { ...settings, stepsPerEpoch: loaders.trainLoader.steps };
  const changing = optimizerSettings(settings, session);
  const optimizer = new Optimizer(session.network.weights, changing);
  const headStart = head && {
    epochs: settings.frozenEpochs,
    network: head,
    optimizer: new Optimizer(head.weights, changing),
  };
  const average = settings.emaDecay === null ? undefined : new WeightAverage(session.model);
  const rollbacks = new Rollbacks();
  const updating = new Updating(settings, schedule, rollbacks, average);
  const sentinelCounters = new SentinelCounters();
  const parts = [
    optimizerState(optimizer),
    ...(headStart ? [headOptimizerState(headStart.optimizer)] : []),
    ...[rollbacks, updating, sentinelCounters],
  ];
  const divided = divide(request, world, { session, optimizer, changing, updating });
  const close = async () => {
    await Promise.all([loaders.trainLoader.close(), loaders.valLoader.close()]);
  };
  try {
    if (resume?.checkpoint !== undefined) await restoreParts(parts, resume.checkpoint);
    await divided.scatter();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ request, dataset, augmentation, backend, memory, choices, ...loaders },
    ...{ schedule, rollbacks, updating, sentinelCounters, parts },
    ...(headStart && { headStart }),
    alternate: takesTurns(backend, availableParallelism()),
    ...{ start, world, ...divided },
    limits: new Limits(settings, start.step, world.now),
    close,
  };
}

/** How processes share the work: each has a part of every batch, or a half of every layer. */
function divide(
  { architecture, settings }: TrainRequest,
  world: World,
  {
    session,
    optimizer,
    changing,
    updating,
  }: Pick<Prepared, 'session' | 'optimizer' | 'updating'> & {
    readonly changing: OptimizerSettings;
  },
) {
  if (isDivided(settings)) {
    const whole = { session, optimizer };
    const half = divideModel(world, architecture, whole, { ...settings, changing });
    const training = { ...session.training, network: half.network };
    const { gather: combine, scatter, alike } = half;
    return {
      session: { ...session, training },
      optimizer: half.optimizer,
      alike,
      combine,
      scatter,
    };
  }
  return {
    ...{ session, optimizer },
    together: togetherIn(world, settings.batchSize, waysOf(settings)),
    alike: [...variablesOf(session), ...optimizer.state],
    combine: () => combineVariables(world, ownOf(session, updating), settings.distBn),
    scatter: async () => {},
  };
}

/** The marks are for benchmarks of the start. */
async function openWhole(given: TrainRequest, reporter: Reporter): Promise<Dataset> {
  performance.mark('data');
  const dataset = await openDataset(given.data, {
    ...trainingSelection(given.settings, given.resume),
    onProgress: reporter.note,
  });
  performance.mark('data opened');
  return dataset;
}

/** Whether processes divide the network, and not the batch. */
function isDivided({ modelParallel }: TrainRequest['settings']): boolean {
  return modelParallel > 1;
}

function waysOf({ syncBn, distBf16 }: TrainRequest['settings']) {
  return { syncNorm: syncBn, narrow: distBf16 };
}

function variablesOf({ model }: Pick<Session, 'model'>): tf.Variable[] {
  return model.weights.map((weight) => weight.read() as tf.Variable);
}

/** The variables that each process has its own values of. */
function ownOf({ model, training }: Session, { tensors }: Updating) {
  const weights = model.weights.map((weight) => {
    return { originalName: weight.originalName, variable: weight.read() as tf.Variable };
  });
  const trained = new Set(training.network.weights.map(({ variable }) => variable.id));
  return ownVariables(weights, trained, tensors);
}

/** The null of a decay means that of --weight-decay. */
function optimizerSettings(
  settings: TrainRequest['settings'],
  { network }: Pick<Session, 'network'>,
): OptimizerSettings {
  const byDepth = depthFactors(network.weights, settings.depthLrScale);
  const layerLrScale = [...byDepth, ...(settings.layerLrScale ?? [])];
  return { ...settings, layerLrScale, decayBias: true };
}

function limited(dataset: Dataset, limits: TrainRequest['limits']): Dataset {
  if (limits === undefined) return dataset;
  const { train, val } = dataset;
  const { training, validation, times } = limits;
  return {
    ...dataset,
    train: limitImages(train, training, times),
    val: limitImages(val, validation),
  };
}

function checkDataset({ settings, resume, repeats, data }: TrainRequest, dataset: Dataset): void {
  if (repeats !== undefined && dataset.fingerprint !== repeats.fingerprint) {
    throw new DataError(
      `${data} is not the data that ${repeats.run} was trained on: file names, sizes or ` +
        'classes differ. Give the same data with --data, or --other-data to train on this one',
    );
  }
  if (resume !== undefined && dataset.fingerprint !== resume.record.data.fingerprint) {
    throw new DataError(
      `${data} is not the data that ${resume.run.path} was trained on: file names, sizes or ` +
        'classes differ. Give the same data, or start a new run',
    );
  }
  if (resume !== undefined) checkCard(settings, resume, dataset);
  const images = dataset.train.images.length;
  if (settings.batchSize > images) {
    throw new UsageError(
      `Expected --batch-size to be at most ${images}, the images in the training set of ` +
        `${data}, but received ${settings.batchSize}`,
    );
  }
}

/** The checkpoint, the record and the data of a run must mean the same network. */
function checkCard(
  settings: Pick<TrainRequest['settings'], 'inputSize' | 'channels'>,
  { run, checkpoint }: NonNullable<TrainRequest['resume']>,
  { classes }: Pick<Dataset, 'classes'>,
): void {
  if (checkpoint === undefined) return;
  const { network } = checkpoint.state;
  const differs = (['inputSize', 'channels'] as const).find(
    (key) => settings[key] !== network[key],
  );
  const what = isDeepStrictEqual([...classes], network.classes) ? differs : 'classes';
  if (what === undefined) return;
  throw new DataError(
    `${run.path} cannot be resumed: ${what} of ${checkpoint.directory} is not that of ${what === 'classes' ? 'the data' : run.record}. Start a new run`,
  );
}

/** Before anything takes memory: throws where a step of this training needs more than there is. */
async function estimateStep(
  { settings, architecture, estimateMemory, world = SOLO }: TrainRequest,
  { classes }: Dataset,
  backend: Backend,
): Promise<MemoryEstimate> {
  const { count: own } = world.share(settings.batchSize);
  const estimate = (batchSize: number) => {
    const options = { ...settings, batchSize, numClasses: classes.length };
    return estimateMemory(architecture, backend, options);
  };
  await checkFits(backend, own, async (batchSize) => {
    const { stepBytes, leastBytes } = await estimate(batchSize);
    return stepBytes ?? leastBytes;
  });
  return estimate(own);
}

async function prepareSession(
  request: TrainRequest,
  dataset: Dataset,
  reporter: Reporter,
): Promise<{ session: Session; head: Network | undefined }> {
  const { settings, architecture, resume } = request;
  const { dropout, freeze, frozenEpochs, layerLrScale, weights, seed } = settings;
  const checkpoint = resume?.checkpoint;
  const card = checkpoint?.state.network ?? newCard(request, dataset);
  const notes = new Set<string>();
  let head: Network | undefined;
  const prepare = (model: LayersModel) => {
    if (dropout !== null) setDropout(model, dropout);
    if (freeze !== null) notes.add(freezeLayers(model, freeze));
    if (layerLrScale !== null) checkLayerFactors(model, layerLrScale);
    // Of two models the later one is that of the training's images.
    head?.dispose();
    if (frozenEpochs > 0) head = headOf(model);
    if (head !== undefined) notes.add(headStartText(head, frozenEpochs));
  };
  const open = () => openSession(architecture, card, seed, prepare, trainingSize(settings));
  // What a checkpoint replaces is not drawn.
  const session =
    checkpoint === undefined ? open() : withWeightsOf(checkpoint, () => withoutDrawing(open));
  for (const note of notes) reporter.note(note);
  if (checkpoint !== undefined) await loadWeights(session.model, checkpoint);
  else if (weights !== null) await startFrom(weights, session, architecture, reporter);
  return { session, head };
}

function newCard({ settings, architecture }: TrainRequest, dataset: Dataset): NetworkCard {
  const { classes, words } = dataset;
  return networkCard(architecture, { ...settings, classes, words });
}

function augmentationOf({
  settings,
  architecture,
  resume,
  ...request
}: TrainRequest): Augmentation {
  const principalColours =
    resume?.record.augmentation?.principalColours ??
    request.principalColours ??
    IMAGENET_PRINCIPAL_COLOURS;
  return { transform: trainingTransform(architecture.recipe, settings), principalColours };
}

interface LoaderParts {
  readonly backend: Backend;
  readonly augmentation: Augmentation;
  /** How images of evaluations are cut out. */
  readonly view: Transform;
  readonly reporter: Reporter;
}

async function openLoaders(
  { settings, world = SOLO }: TrainRequest,
  dataset: Dataset,
  { backend, augmentation, view, reporter }: LoaderParts,
) {
  checkLoss(settings);
  const { channels, seed, workers, cache, decode } = settings;
  const whole = world.size === 1 || isDivided(settings);
  const own = world.share(settings.batchSize);
  const batchSize = whole ? settings.batchSize : own.count;
  const part = whole ? undefined : { first: own.first, of: settings.batchSize };
  const images = {
    reading: decodeOptionsOf(settings),
    decode,
    ...badImageOptions(settings, reporter),
  };
  const { cores } = world;
  const options = { backend, batchSize, channels, seed, workers, cache, cores, ...images };
  const trainLoader = await openTrainingBatches(dataset.train, {
    ...options,
    ...augmentation,
    ...mixingOf(settings),
    ...(part && { part }),
  });
  const valLoader = await openEvaluationBatches(ownPart(world, dataset.val), {
    ...options,
    transform: view,
  });
  return { trainLoader, valLoader };
}
