import * as tf from '@tensorflow/tfjs-core';

/**
 * (bytes / 255 + offsets - mean) / std, mirrored left-right where `mirror` is 1; offsets are (N,
 * C).
 */
export function imageToFloatTwin(
  { images, mirror, offsets }: { images: tf.Tensor4D; mirror: tf.Tensor1D; offsets: tf.Tensor2D },
  { mean, std }: { mean: number[]; std: number[] },
): tf.Tensor {
  // No backend casts a bool that holds 0 to 255, so the host converts the bytes to floats.
  const floats = tf.tensor(new Float32Array(images.dataSync()), images.shape, 'float32');
  const [count, channels] = offsets.shape;
  const moved = tf.add(tf.div(floats, 255), tf.reshape(offsets, [count, 1, 1, channels]));
  const normal = tf.div(tf.sub(moved, mean), std) as tf.Tensor4D;
  const flags = tf.reshape(tf.cast(mirror, 'bool'), [-1, 1, 1, 1]);
  return tf.where(tf.broadcastTo(flags, normal.shape), tf.reverse4d(normal, 2), normal);
}
