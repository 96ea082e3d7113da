import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Architecture, withAtMostWeights, withOtherSize } from '../archs/index.js';
import type { Colours } from '../colours.js';
import type { Batch } from '../data/batches/batches.js';
import { imagesToFloat } from '../network/images.js';
import { lossWithoutGradient, type Mixed } from '../network/loss.js';
import { Network } from '../network/network.js';
import { machineMemory } from '../system/memory.js';
import { eraseBoxes, mixBatch, mixedTargets, mixedTensors } from './mixing.js';
import type { NetworkCard } from './network-card.js';

/** A network on the device, with what turns a batch into its input. */
export interface Session {
  readonly card: NetworkCard;
  readonly model: LayersModel;
  readonly network: Network;
  /** What is trained: the same weights, where images of a training have another size than the card's. */
  readonly training: { readonly network: Network; readonly size: number };
}

/** A batch on the device. */
export interface DeviceBatch {
  /** (N, H, W, C) normalised. */
  readonly images: tf.Tensor4D;
  /** (N) int32, -1 where there is no label; of mixed images the label of the larger part. */
  readonly labels: tf.Tensor1D;
  readonly mixed?: Mixed;
}

/**
 * Builds the network of a card with the initial weights of the seed. `prepare` is called before a
 * model is planned, and may freeze layers. Throws a UsageError where the weights do not fit images of
 * `trainingSize`, the side of those of a training, and TooManyWeights where they are more than the
 * machine holds.
 */
export function openSession(
  architecture: Architecture,
  card: NetworkCard,
  seed: number,
  prepare: (model: LayersModel) => void = () => {},
  trainingSize = card.inputSize,
): Session {
  const { channels, auxiliary, inputSize } = card;
  const options = { classes: card.classes.length, channels, auxiliary, seed };
  const model = withAtMostWeights(machineMemory() / 4, () =>
    architecture.build({ ...options, size: inputSize }),
  );
  prepare(model);
  const network = new Network(model);
  if (trainingSize === inputSize) {
    return { card, model, network, training: { network, size: inputSize } };
  }
  const other = { ...options, size: trainingSize };
  const trained = withOtherSize(architecture, other, model, (sized) => {
    prepare(sized);
    return new Network(sized);
  });
  return { card, model, network, training: { network: trained, size: trainingSize } };
}

/**
 * Uploads the bytes of a batch and turns them into the network's input, of `size` pixels a side: the
 * card's by default. The batch can be released after it. Of mixed images, labels of a larger share
 * than `threshold` count as whole ones, if it is given.
 */
export function upload(
  session: Pick<Session, 'card'>,
  batch: Batch,
  {
    size = session.card.inputSize,
    threshold = null,
  }: { readonly size?: number; readonly threshold?: number | null } = {},
): DeviceBatch {
  const images = tf.tidy(() => changed(uploadImages(session, batch, size, size), batch));
  if (batch.mix !== undefined) {
    return { images, ...mixedTensors(mixedTargets(batch.labels, batch.mix, threshold)) };
  }
  // A copy: stock tfjs keeps the array it is given, and this one is filled again.
  return { images, labels: tf.tensor1d(batch.labels.slice(), 'int32') };
}

export function disposeBatch({ images, labels, mixed }: DeviceBatch): void {
  tf.dispose([images, labels, ...(mixed ? [mixed.others, mixed.shares] : [])]);
}

/** The images of a batch with what is erased and mixed. */
export function changed(
  images: tf.Tensor4D,
  { labels, erased, mix }: Pick<Batch, 'labels' | 'erased' | 'mix'>,
): tf.Tensor4D {
  const whole = erased === undefined ? images : eraseBoxes(images, erased);
  return mix === undefined ? whole : mixBatch(whole, labels, mix);
}

/** The same for images alone, of any size: as many as `mirror` has. */
export function uploadImages(
  { card }: { readonly card: Pick<NetworkCard, 'channels'> & Colours },
  batch: Pick<Batch, 'images' | 'mirror' | 'takeFromDevice'> & Partial<Pick<Batch, 'offsets'>>,
  height: number,
  width: number,
): tf.Tensor4D {
  const { channels, mean, std } = card;
  return tf.tidy(() => {
    const bytes = bytesOf(batch, [batch.mirror.length, height, width, channels]);
    return imagesToFloat(bytes, batch.mirror, { mean, std }, batch.offsets);
  });
}

/** The images of a batch as they are, uploaded or decoded on the device: once. */
export function bytesOf(
  batch: Pick<Batch, 'images' | 'takeFromDevice'>,
  shape: [number, number, number, number],
): tf.Tensor4D {
  // tfjs passes bytes through unchanged only under the label bool.
  if (batch.takeFromDevice === undefined) return tf.tensor4d(batch.images, shape, 'bool');
  return tf.engine().makeTensorFromDataId(batch.takeFromDevice(), shape, 'bool') as tf.Tensor4D;
}

/**
 * The four counters of the loss on a batch, without training; NaN where any logit is not finite,
 * -infinity too, which would not show in the loss of another class.
 */
export function evaluateStep({ network }: Session, { images, labels }: DeviceBatch): tf.Tensor1D {
  return tf.tidy(() => {
    const logits = network.predict(images);
    const zero = tf.sum(tf.sub(logits, logits));
    return tf.add(lossWithoutGradient(logits, labels), zero);
  });
}
