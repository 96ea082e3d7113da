import * as tf from '@tensorflow/tfjs-core';

/** (bytes / 255 - mean) / std, mirrored left-right where `mirror` is 1. */
export function imageToFloatTwin(
  { images, mirror }: { images: tf.Tensor4D; mirror: tf.Tensor1D },
  { mean, std }: { mean: number[]; std: number[] },
): tf.Tensor {
  // No backend casts a bool that holds 0 to 255, so that the host makes floats of the bytes.
  const floats = tf.tensor(Float32Array.from(images.dataSync()), images.shape, 'float32');
  const normal = tf.div(tf.sub(tf.div(floats, 255), mean), std) as tf.Tensor4D;
  const flags = tf.reshape(tf.cast(mirror, 'bool'), [-1, 1, 1, 1]);
  return tf.where(tf.broadcastTo(flags, normal.shape), tf.reverse4d(normal, 2), normal);
}
