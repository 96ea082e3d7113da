/** Why a network gives no numbers: the first layer whose output is not finite. */
import * as tf from '@tensorflow/tfjs-core';
import type { BatchLoader } from '../data/batches/batches.js';
import { RunError } from '../errors.js';
import { type Session, upload } from '../session/session.js';

/** The name of an image by its number; undefined for one that only fills up a batch. */
type NameOf = (index: number) => string | undefined;

/** The error for a batch (N, H, W, C) of outputs that are not finite; undefined if all are. */
export function findNotFinite(
  { network }: Pick<Session, 'network'>,
  images: tf.Tensor4D,
  nameOf: NameOf,
): RunError | undefined {
  const found = network.findNotFinite(images);
  if (found === undefined) return undefined;
  const { layer, image, count, size, first } = found;
  const name = nameOf(image);
  return new RunError(
    `The outputs of the network are not finite numbers: ${layer} is the first layer with such an ` +
      `output (${count} of ${size} values of a batch, the first is ${first}` +
      `${name === undefined ? '' : `, for ${name}`}). The weights are finite, but they are too ` +
      'large for these images or do not belong to this network',
  );
}

/** The error for an evaluation that gave no numbers: looks for the batch. */
export async function explainNotFinite(
  session: Session,
  loader: BatchLoader,
  nameOf: NameOf,
): Promise<RunError> {
  let before = 0;
  for await (const batch of loader.batches(0)) {
    const { count } = batch;
    const { images, labels } = upload(session, batch);
    batch.release();
    const error = findNotFinite(session, images, (slot) => nameOf(before + slot));
    tf.dispose([images, labels]);
    if (error !== undefined) return error;
    before += count;
  }
  return new RunError('The loss is too large for a number, although all outputs are finite');
}
