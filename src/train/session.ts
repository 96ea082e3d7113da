import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Architecture } from '../archs/index.js';
import type { Batch } from '../data/batches/batches.js';
import { imagenetWords } from '../data/layouts/imagenet-words.js';
import { UsageError } from '../errors.js';
import { imagesToFloat } from '../network/images.js';
import { evaluate as lossOf } from '../network/loss.js';
import { Network } from '../network/network.js';
import type { Sgd } from '../network/sgd.js';
import type { NetworkCard } from '../runs/state.js';
import { evaluationTransform } from './augmentation.js';

/** A network on the device, with what turns a batch into its input. */
export interface Session {
  readonly card: NetworkCard;
  readonly model: LayersModel;
  readonly network: Network;
}

/** A batch on the device. */
export interface DeviceBatch {
  /** (N, H, W, C) normalised. */
  readonly images: tf.Tensor4D;
  /** (N) int32, -1 where there is no label. */
  readonly labels: tf.Tensor1D;
}

/** How a network is trained. */
export interface StepOptions {
  readonly smoothing: number;
  readonly seed: number;
  /** Share of each auxiliary head's loss. */
  readonly auxiliaryWeight: number;
}

/**
 * Builds the network of a card with the weights that belong to the seed. `prepare` may change what
 * of the model is trained before it is planned.
 */
export function openSession(
  architecture: Architecture,
  card: NetworkCard,
  seed: number,
  prepare: (model: LayersModel) => void = () => {},
): Session {
  const model = architecture.build({
    classes: card.classes.length,
    size: card.inputSize,
    channels: card.channels,
    auxiliary: card.auxiliary,
    seed,
  });
  prepare(model);
  return { card, model, network: new Network(model) };
}

/** Uploads the bytes of a batch and turns them into the network's input. The batch can be released after it. */
export function upload(session: Session, batch: Batch): DeviceBatch {
  const { inputSize, channels, mean, std } = session.card;
  const shape: [number, number, number, number] = [
    batch.labels.length,
    inputSize,
    inputSize,
    channels,
  ];
  // A copy: stock tfjs keeps the array it is given, and this one is filled again.
  const labels = tf.tensor1d(batch.labels.slice(), 'int32');
  const images = tf.tidy(() => {
    // tfjs passes bytes through unchanged only under the label bool.
    const bytes = tf.tensor4d(batch.images, shape, 'bool');
    return imagesToFloat(bytes, batch.mirror, { mean, std }, batch.offsets);
  });
  return { images, labels };
}

/** One step of training; returns the four counters of the loss. */
export function trainStep(
  { network }: Session,
  optimizer: Sgd,
  { images, labels }: DeviceBatch,
  { lr, step, ...options }: StepOptions & { lr: number; step: number },
): tf.Tensor1D {
  return tf.tidy(() => {
    const { stats, gradients } = network.gradients(images, labels, { ...options, step });
    network.onPhase('optimizer', '');
    optimizer.step(gradients, lr);
    return stats;
  });
}

/** The four counters of the loss on a batch, without training. */
export function evaluateStep({ network }: Session, { images, labels }: DeviceBatch): tf.Tensor1D {
  return tf.tidy(() => lossOf(network.predict(images), labels));
}

/** How a network of this architecture is built and fed, as checkpoints keep it. */
export function networkCard(
  architecture: Architecture,
  options: {
    classes: readonly string[];
    /** What people call each class; empty texts where nothing says. */
    words?: readonly string[];
    inputSize: number;
    /** Short side of images in evaluations; the recipe's where it is left out or null. */
    resizeSize?: number | null;
    channels: 1 | 3;
    /** `--aux-weight`; 0, or nothing, for a network without heads. */
    auxWeight?: number;
    /** Of the colours, in [0, 1] units; the recipe's where they are left out. */
    mean?: readonly number[];
    std?: readonly number[];
  },
): NetworkCard {
  const { recipe } = architecture;
  const { auxWeight = 0 } = options;
  if (auxWeight > 0 && !architecture.auxiliary) {
    throw new UsageError(
      `Expected no --aux-weight above 0 for ${architecture.name}, which has no auxiliary heads, but received ${auxWeight}`,
    );
  }
  return {
    arch: architecture.name,
    classes: [...options.classes],
    ...ownWords(options.classes, options.words),
    inputSize: options.inputSize,
    channels: options.channels,
    auxiliary: auxWeight > 0,
    transform: evaluationTransform(recipe.transform.val, options.inputSize, options.resizeSize),
    mean: perChannel(options.mean ?? recipe.mean, options.channels),
    std: perChannel(options.std ?? recipe.std, options.channels),
  };
}

/** The words, unless they are those of ILSVRC's wnids, which need not be kept. */
function ownWords(classes: readonly string[], words: readonly string[] = []) {
  const own = words.some((text, label) => text !== imagenetWords(classes[label] ?? ''));
  return own ? { words: [...words] } : {};
}

/** One number per channel: grey takes the mean of RGB, RGB repeats grey. */
export function perChannel(values: readonly number[], channels: 1 | 3): number[] {
  if (values.length === channels) return [...values];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return new Array<number>(channels).fill(mean);
}
