import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { IMAGENET_PRINCIPAL_COLOURS, type Transform } from '../augment/index.js';
import type { Backend } from '../backend/index.js';
import type { Claim } from '../claim.js';
import type { Dataset } from '../data/dataset.js';
import { decodeOptionsOf } from '../data/decode/decode-options.js';
import { openDataset } from '../data/open-dataset.js';
import { DataError, UsageError } from '../errors.js';
import { checkWritable } from '../files.js';
import { Sgd } from '../network/sgd.js';
import { loadMomenta, loadWeights } from '../runs/checkpoint.js';
import { truncateSummary } from '../runs/csv.js';
import { describeHardware, describeVersions } from '../runs/environment.js';
import {
  claimRun,
  createRun,
  type RunDirectory,
  type RunRecord,
  removeLeftovers,
  writeRecord,
} from '../runs/run-directory.js';
import { keepSubset, trainingSelection } from '../runs/run-selection.js';
import type { Progress } from '../runs/state.js';
import { startFrom, writeWeights } from '../runs/weights-files.js';
import { type Augmentation, trainingTransform } from '../session/augmentation.js';
import { openEvaluationBatches, openTrainingBatches } from '../session/loaders.js';
import type { Scores } from '../session/metrics.js';
import type { NetworkCard } from '../session/network-card.js';
import { networkCard } from '../session/network-card.js';
import { takesTurns } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { openSession, type Session } from '../session/session.js';
import { startBackend, warnFallbacks } from '../session/start-backend.js';
import { cannotWrite, isSystemError } from '../system-errors.js';
import { brokenOffBy, stoppedBy } from './endings.js';
import { freezeLayers } from './freeze.js';
import { runEpochs, startProgress, type Training } from './loop.js';
import { withStatistics } from './measured-colours.js';
import type { TrainRequest } from './request.js';
import { listenForStop } from './signals.js';

export interface TrainResult extends Scores {
  /** The directory of the run. */
  readonly run: string;
  readonly epochs: number;
  readonly steps: number;
  readonly best: NonNullable<Progress['best']>;
  /** Images that could not be read, in this start of the program. */
  readonly unreadable: { readonly training: number; readonly validation: number };
}

/** Trains a network and evaluates it after each epoch; returns the last evaluation. */
export async function train(request: TrainRequest, reporter: Reporter): Promise<TrainResult> {
  const claim = request.resume && (await claimRun(request.resume.run));
  try {
    return await trainClaimed(request, reporter);
  } finally {
    claim?.release();
  }
}

async function trainClaimed(given: TrainRequest, reporter: Reporter): Promise<TrainResult> {
  const dataset = await openDataset(given.data, {
    ...trainingSelection(given.settings, given.resume),
    onProgress: reporter.note,
  });
  for (const warning of dataset.warnings) reporter.warn(warning);
  checkDataset(given, dataset);
  const request = await withStatistics(given, dataset);
  const augmentation = augmentationOf(request);
  const { settings, resume } = request;
  if (settings.weightsOut !== null) await checkWritable(settings.weightsOut, '--weights-out');
  const backend = await startBackend(settings, reporter);

  const session = await prepareSession(request, dataset, reporter);
  const optimizer = new Sgd(session.network.weights, {
    ...request.architecture.recipe,
    momentum: settings.momentum,
    nesterov: settings.nesterov,
    weightDecay: settings.weightDecay,
  });
  if (resume !== undefined) await loadMomenta(optimizer.momenta, resume.checkpoint);

  const view = session.card.transform;
  const loaders = await openLoaders(request, dataset, { backend, augmentation, view });
  let claim: Claim | undefined;
  try {
    const schedule = { ...settings, stepsPerEpoch: loaders.trainLoader.steps };
    const run = await prepareRun(request, dataset, { backend, augmentation });
    if (resume === undefined) claim = await claimRun(run);
    const start = resume?.checkpoint.state.progress ?? startProgress();
    reporter.note(`${resume === undefined ? 'run' : 'resumed'} ${run.path}`);
    const alternate = takesTurns(backend, availableParallelism());
    const parts = { settings, backend, alternate, session, optimizer, schedule, ...loaders, run };
    const result = await runUntilStopped({ ...parts, reporter }, start);
    if (settings.weightsOut !== null) {
      const { weightsOut } = settings;
      const { classes } = session.card;
      await writeWeights(weightsOut, session.model, request.architecture, classes).catch(
        (error) => {
          const next = `cnn export ${run.path} --output ${weightsOut}`;
          throw cannotWrite(weightsOut, error, `The run is saved; write its weights with: ${next}`);
        },
      );
      reporter.note(`weights of step ${result.steps} in ${settings.weightsOut}`);
    }
    return result;
  } finally {
    claim?.release();
    await Promise.all([loaders.trainLoader.close(), loaders.valLoader.close()]);
  }
}

/**
 * Runs the epochs with signals caught, and throws what ends in the signal's exit code after saving.
 */
async function runUntilStopped(
  parts: Omit<Training, 'stop'>,
  start: Progress,
): Promise<TrainResult> {
  const { run, reporter } = parts;
  const stop = listenForStop((signal) => {
    reporter.warn(`${signal}: saving after this step; once more ends at once`);
  });
  try {
    const progress = await runEpochs({ ...parts, stop }, start);
    warnFallbacks(parts.backend, reporter);
    if (stop.signal !== undefined) throw stoppedBy(stop.signal, run, progress);
    const { last, best, epoch, step } = progress;
    if (last === undefined || best === undefined) {
      throw new UsageError(
        `Nothing to do in ${run.path}: it has already taken the ${step} steps that --max-steps allows`,
      );
    }
    const unreadable = {
      training: parts.trainLoader.unreadable.size,
      validation: parts.valLoader.unreadable.size,
    };
    return { ...last, run: run.path, epochs: epoch, steps: step, best, unreadable };
  } catch (error) {
    throw isSystemError(error) ? await brokenOffBy(error, run) : error;
  } finally {
    reporter.end();
    stop.release();
  }
}

function checkDataset({ settings, resume, data }: TrainRequest, dataset: Dataset): void {
  if (resume !== undefined && dataset.fingerprint !== resume.record.data.fingerprint) {
    throw new DataError(
      `${data} is not the data that ${resume.run.path} was trained on: file names, sizes or ` +
        'classes differ. Give the same data, or start a new run',
    );
  }
  const images = dataset.train.images.length;
  if (settings.batchSize > images) {
    throw new UsageError(
      `Expected --batch-size to be at most ${images}, the images in the training set of ` +
        `${data}, but received ${settings.batchSize}`,
    );
  }
}

async function prepareSession(
  request: TrainRequest,
  dataset: Dataset,
  reporter: Reporter,
): Promise<Session> {
  const { settings, architecture, resume } = request;
  const { freeze, weights, seed } = settings;
  const card = resume?.checkpoint.state.network ?? newCard(request, dataset);
  const session = openSession(architecture, card, seed, (model) => {
    if (freeze !== null) reporter.note(freezeLayers(model, freeze));
  });
  if (resume !== undefined) await loadWeights(session.model, resume.checkpoint);
  else if (weights !== null) await startFrom(weights, session, architecture, reporter);
  return session;
}

function newCard({ settings, architecture }: TrainRequest, dataset: Dataset): NetworkCard {
  const { classes, words } = dataset;
  return networkCard(architecture, { ...settings, classes, words });
}

function augmentationOf({ settings, architecture, resume, ...request }: TrainRequest) {
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
}

async function openLoaders(
  { settings }: TrainRequest,
  dataset: Dataset,
  { backend, augmentation, view }: LoaderParts,
) {
  const { batchSize, channels, seed, workers, cache, onBadImage } = settings;
  const reading = decodeOptionsOf(settings);
  const options = { backend, batchSize, channels, seed, workers, cache, reading, onBadImage };
  const trainLoader = await openTrainingBatches(dataset.train, { ...options, ...augmentation });
  const valLoader = await openEvaluationBatches(dataset.val, { ...options, transform: view });
  return { trainLoader, valLoader };
}

async function prepareRun(
  request: TrainRequest,
  dataset: Dataset,
  parts: Pick<LoaderParts, 'backend' | 'augmentation'>,
): Promise<RunDirectory> {
  if (request.resume !== undefined) return prepareResumed(request, request.resume, parts);
  const { settings, architecture } = request;
  const run = await createRun(settings.output ?? 'runs', settings.experiment, architecture.name);
  try {
    await writeRecord(run, await newRecord(request, dataset, parts));
    await keepSubset(run, dataset, settings);
    return run;
  } catch (error) {
    await rm(run.path, { recursive: true, force: true });
    throw cannotWrite(`the run to ${run.path}`, error, 'Choose another directory with --output');
  }
}

async function prepareResumed(
  { provenance }: TrainRequest,
  { run, record, checkpoint, changed }: NonNullable<TrainRequest['resume']>,
  { augmentation }: Pick<LoaderParts, 'augmentation'>,
): Promise<RunDirectory> {
  const { epoch, step } = checkpoint.state.progress;
  const entry = { time: new Date().toISOString(), step, changed };
  const resumed = [...record.resumed, entry];
  try {
    await removeLeftovers(run);
    await truncateSummary(run.summary, epoch);
    await writeRecord(run, { ...record, settings: provenance, augmentation, resumed });
    return run;
  } catch (error) {
    const next = `Its checkpoints are whole: a copy of the directory can be resumed elsewhere`;
    throw cannotWrite(`the run ${run.path}`, error, next);
  }
}

async function newRecord(
  { provenance, data }: TrainRequest,
  dataset: Dataset,
  { backend, augmentation }: Pick<LoaderParts, 'backend' | 'augmentation'>,
): Promise<RunRecord> {
  const { name, precision, threads, why } = backend;
  return {
    started: new Date().toISOString(),
    settings: provenance,
    augmentation,
    versions: describeVersions(),
    hardware: describeHardware(),
    backend: { name, precision, threads, why },
    data: {
      name: dataset.name,
      root: data,
      layout: dataset.layout,
      fingerprint: dataset.fingerprint,
      training: dataset.train.images.length,
      validation: dataset.val.images.length,
      classes: dataset.classes,
    },
    resumed: [],
  };
}
