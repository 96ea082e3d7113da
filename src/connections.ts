/** Convolutions whose output maps see some of the input maps each, as a product with a matrix. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * 1 at the place of each connection's filter in the whole filter, 0 elsewhere: (connections,
 * channels × filters). `connections` lists the input maps of each output map.
 */
export function placement(
  connections: readonly (readonly number[])[],
  channels: number,
): tf.Tensor2D {
  const filters = connections.length;
  const columns = connections.flatMap((maps, filter) => maps.map((map) => map * filters + filter));
  const width = channels * filters;
  const ones = new Float32Array(columns.length * width);
  columns.forEach((column, connection) => {
    ones[connection * width + column] = 1;
  });
  return tf.tensor2d(ones, [columns.length, width]);
}
