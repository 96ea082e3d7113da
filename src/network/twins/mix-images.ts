import * as tf from '@tensorflow/tfjs-core';

/** A box of each image mixed with another image, or with zeros; see ../images.ts. */
export function mixImagesTwin({
  images,
  rows,
  shares,
}: {
  images: tf.Tensor4D;
  rows: tf.Tensor2D;
  shares: tf.Tensor1D;
}): tf.Tensor {
  const [count, height, width] = images.shape;
  const [partners, left, top, right, bottom] = tf.split(rows, 5, 1) as [
    tf.Tensor2D,
    ...tf.Tensor2D[],
  ];
  const within = (size: number, first?: tf.Tensor, end?: tf.Tensor) => {
    const places = tf.range(0, size, 1, 'int32');
    return tf.logicalAnd(
      tf.greaterEqual(places, first as tf.Tensor),
      tf.less(places, end as tf.Tensor),
    );
  };
  const columns = tf.reshape(within(width, left, right), [count, 1, width, 1]);
  const inBox = tf.logicalAnd(
    tf.reshape(within(height, top, bottom), [count, height, 1, 1]),
    columns,
  );
  const partner = tf.reshape(partners, [count]) as tf.Tensor1D;
  const others = tf.gather(images, tf.cast(tf.relu(partner), 'int32'));
  const kept = tf.reshape(shares, [count, 1, 1, 1]);
  const shown = tf.reshape(tf.cast(tf.greaterEqual(partner, 0), 'float32'), [count, 1, 1, 1]);
  const mixed = tf.add(tf.mul(images, kept), tf.mul(others, tf.mul(tf.sub(1, kept), shown)));
  return tf.where(tf.broadcastTo(inBox, images.shape), mixed, images);
}
