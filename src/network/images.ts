import * as tf from '@tensorflow/tfjs-core';
import { type Colours, perChannel } from './colours.js';
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
