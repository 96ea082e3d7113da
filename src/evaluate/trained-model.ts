import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  type Architecture,
  findArchitecture,
  withoutDrawing,
  withUndrawn,
} from '../archs/index.js';
import { perChannel } from '../colours.js';
import { counted } from '../counted.js';
import { IMAGENET_WORDS } from '../data/layouts/labels/imagenet-words.js';
import { DataError, UsageError } from '../errors.js';
import { averageName } from '../network/average.js';
import { type Checkpoint, openCheckpoint } from '../runs/checkpoint/open.js';
import { loadTensors, loadWeights, withWeightsOf } from '../runs/checkpoint/tensors.js';
import { findRun, type RunRecord, readRecord } from '../runs/run-directory.js';
import { noteIgnored, withWeightsFile } from '../runs/weights-files.js';
import { evaluationTransform } from '../session/augmentation.js';
import type { NetworkCard } from '../session/network-card.js';
import { architectureOfCard, networkCard } from '../session/network-card.js';
import type { Reporter } from '../session/reporter.js';
import { openSession, type Session } from '../session/session.js';
import type { SettingsSource } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { checkValues } from '../settings/validate.js';
import { nameKey } from '../system/file-names.js';
import { coloursOf, countClasses, loadWeightsFile, type WeightsFile } from '../weights/index.js';
import { type Measured, measuredOf } from './measured.js';

/** How an image becomes what the network sees; null is as in the training. */
export type InputOptions = Pick<
  Settings<'predict'>,
  'resizeSize' | 'cropSize' | 'channels' | 'mean' | 'std'
>;

/** Trained weights and the network that they belong to. */
export interface TrainedModel {
  readonly architecture: Architecture;
  /** Where the weights are, as results name it. */
  readonly origin: { readonly checkpoint: string } | { readonly weights: string };
  /** The run that they belong to, if its directory still exists. */
  readonly run: string | undefined;
  readonly record: RunRecord | undefined;
  /** What the run measured of these weights. */
  readonly measured: Measured | undefined;
  /** The settings of the training, which hold where none are given. */
  readonly stored: SettingsSource;
  /** Builds the network on the current backend and fills in its weights. */
  open(view: InputOptions, reporter: Reporter): Promise<Opened>;
}

export interface Opened {
  readonly session: Session;
  /** The names of the classes are those of the training, and not presumed. */
  readonly named: boolean;
}

/**
 * Opens a checkpoint of an architecture, or of any when `arch` is null; `averaged`: with the average
 * of its weights in their place.
 */
export async function openTrainedModel(
  path: string,
  arch: string | null,
  averaged = false,
): Promise<TrainedModel> {
  const checkpoint = await openCheckpoint(path);
  const { directory, state } = checkpoint;
  const card = state.network;
  const architecture = architectureOfCard(card);
  checkArchitecture(checkpoint, arch);
  const run = await findRun(directory).catch(() => undefined);
  const record = run && (await readRecord(run));
  return {
    architecture,
    origin: { checkpoint: directory },
    run: run?.path,
    record,
    measured: measuredOf(checkpoint, record, averaged),
    stored: storedSource(card, record),
    async open(view) {
      checkChannels(view, card, directory);
      const seen = viewed(card, view);
      const session = withWeightsOf(checkpoint, () =>
        withoutDrawing(() => openSession(architecture, seen, 0)),
      );
      await loadWeights(session.model, checkpoint);
      if (averaged) await loadAverage(session.model, checkpoint);
      return { session, named: true };
    },
  };
}

/** Puts the averaged weights of a checkpoint into a model. */
async function loadAverage({ weights }: LayersModel, checkpoint: Checkpoint): Promise<void> {
  const variables = weights.map((weight) => {
    return { name: averageName(weight.originalName), tensor: weight.read() as tf.Variable };
  });
  const known = new Set((checkpoint.state.tensors ?? []).map(({ name }) => name));
  if (variables.every(({ name }) => known.has(name))) {
    await loadTensors(variables, checkpoint);
    return;
  }
  throw new UsageError(
    `Expected a run that was trained with --ema-decay but ${checkpoint.directory} has no averaged weights`,
  );
}

/**
 * A weights file to load into an architecture. Its header alone is read at first, and says how the
 * network saw colours where nothing else is given.
 */
export async function weightsModel(
  path: string,
  architecture: Architecture,
): Promise<TrainedModel> {
  const { colours } = await withWeightsFile(path, async (file) => coloursOf(file, architecture));
  return {
    architecture,
    origin: { weights: path },
    run: undefined,
    record: undefined,
    measured: undefined,
    stored: { values: { ...colours }, source: 'default' },
    open: (view, reporter) =>
      withWeightsFile(path, async (file) => {
        const { channels } = view;
        const classes = file.classes ?? presumedClasses(architecture, channels, file);
        const inputSize = architecture.size;
        const card = viewed(networkCard(architecture, { classes, inputSize, channels }), view);
        const session = withoutDrawing(() => openSession(architecture, card, 0));
        const options = { otherClasses: false };
        const loaded = await loadWeightsFile(session.model, architecture, file, options);
        noteIgnored(loaded, reporter, card);
        return { session, named: file.classes !== undefined };
      }),
  };
}

/** Throws a DataError unless the checkpoint is one of `arch`, where that is given. */
export function checkArchitecture({ directory, state }: Checkpoint, arch: string | null): void {
  const found = state.network.arch;
  if (arch === null || findArchitecture(arch).name === found) return;
  throw new DataError(
    `Expected a checkpoint of ${findArchitecture(arch).name} but ${directory} is one of ${found}`,
  );
}

/** Throws a DataError unless the classes are those that the network was trained on. */
export function checkClasses(
  { origin }: TrainedModel,
  { session, named }: Opened,
  data: string,
  classes: readonly string[],
): void {
  const known = session.card.classes;
  const [what] = Object.entries(origin).map(([kind, path]) => `${kind} ${path}`);
  if (known.length !== classes.length) {
    throw new DataError(
      `The ${what} was trained on ${counted(known.length, 'class', 'classes')} but ${data} has ${classes.length}`,
    );
  }
  const differs = named
    ? known.findIndex((name, index) => nameKey(name) !== nameKey(classes[index] ?? ''))
    : -1;
  if (differs < 0) return;
  throw new DataError(
    `The classes of ${data} are not those of the ${what}: ` +
      `class ${differs} is "${classes[differs]}" where the training had "${known[differs]}"`,
  );
}

/**
 * The settings of the run that an evaluation repeats: its batch size, so that sums have the same
 * order, its colours and its orientation of images.
 */
function storedSource(card: NetworkCard, record: RunRecord | undefined): SettingsSource {
  const { channels, mean, std, inputSize } = card;
  const batchSize = record?.settings['batch-size'];
  const rotate = record?.settings['exif-rotate'];
  const told = {
    ...(batchSize ? { 'batch-size': batchSize.value } : {}),
    ...(rotate ? { 'exif-rotate': rotate.value } : {}),
  };
  return {
    values: {
      channels,
      mean,
      std,
      'input-size': inputSize,
      ...checkValues('train', told, 'run.json'),
    },
    source: 'default',
  };
}

function checkChannels({ channels }: InputOptions, card: NetworkCard, directory: string): void {
  if (channels === card.channels) return;
  throw new UsageError(
    `Expected --channels to be ${card.channels}, as ${directory} was trained, but received ${channels}`,
  );
}

/** The card with the settings that change how an image becomes the network's input. */
function viewed(card: NetworkCard, { resizeSize, cropSize, mean, std }: InputOptions): NetworkCard {
  const size = cropSize ?? card.inputSize;
  return {
    ...card,
    inputSize: size,
    transform: evaluationTransform(card.transform, size, resizeSize),
    mean: perChannel(mean, card.channels),
    std: perChannel(std, card.channels),
  };
}

/** Names for the classes of a file without them: ILSVRC's for torchvision's networks, else numbers. */
function presumedClasses(
  architecture: Architecture,
  channels: 1 | 3,
  file: WeightsFile,
): readonly string[] {
  const { classes, size, torchvision } = architecture;
  const options = { classes, size, channels };
  const counted = withUndrawn(architecture, options, (model) =>
    countClasses(model, architecture, file),
  );
  const count = counted ?? classes;
  const wnids = [...IMAGENET_WORDS.keys()];
  if (torchvision !== undefined && count === wnids.length) return wnids;
  return Array.from({ length: count }, (_, index) => String(index));
}
