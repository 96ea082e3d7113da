import * as tf from '@tensorflow/tfjs-core';
import { type Colours, perChannel } from '../colours.js';
import { runKernel } from './run-kernel.js';
import { registerTwins } from './twins/index.js';

/**
 * (bytes / 255 + offset - mean) / std as float32 (N, H, W, C), mirrored left-right where `mirror`
 * is 1. `offsets` (N, C) move the colours of each image, in [0, 1] units; without them none moves.
 * The bytes carry the dtype bool, the only label under which tfjs passes bytes on unchanged.
 */
export function imagesToFloat(
  bytes: tf.Tensor4D,
  mirror: Uint8Array,
  { mean, std }: Colours,
  offsets: Float32Array = new Float32Array(bytes.shape[0] * bytes.shape[3]),
): tf.Tensor4D {
  registerTwins(tf.getBackend());
  const [count, , , channels] = bytes.shape;
  const flags = tf.tensor1d(Int32Array.from(mirror), 'int32');
  // A copy: stock tfjs keeps the array it is given, and a loader fills this one again.
  const colours = tf.tensor2d(offsets.slice(), [count, channels], 'float32');
  const attributes = { mean: perChannel(mean, channels), std: perChannel(std, channels) };
  const inputs = { images: bytes, mirror: flags, offsets: colours };
  const images = runKernel('ImageToFloat', inputs, attributes);
  tf.dispose([flags, colours]);
  return images as tf.Tensor4D;
}

/** A box of an image, what is mixed into it, and how much of the image stays in it. */
export interface MixedBox {
  /** The number of the other image in the batch, or -1 for zeros, which are the mean colour. */
  readonly partner: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly share: number;
}

/** Images (N, H, W, C) with a box of each mixed with another one, in float32 or as they are. */
export function mixImages(images: tf.Tensor4D, boxes: readonly MixedBox[]): tf.Tensor4D {
  registerTwins(tf.getBackend());
  const numbers = boxes.flatMap(({ partner, left, top, right, bottom }) => [
    partner,
    left,
    top,
    right,
    bottom,
  ]);
  const rows = tf.tensor2d(numbers, [boxes.length, 5], 'int32');
  const shares = tf.tensor1d(
    boxes.map(({ share }) => share),
    'float32',
  );
  const mixed = runKernel('MixImages', { images, rows, shares });
  tf.dispose([rows, shares]);
  return mixed as tf.Tensor4D;
}
