import * as tf from '@tensorflow/tfjs-core';

/** Ranges [begin, end) of rows and of columns; each pair of them is a window. */
export interface Windows {
  readonly rows: readonly (readonly [number, number])[];
  readonly columns: readonly (readonly [number, number])[];
}

/** The mean of each window of x (N, H, W, C). */
export function windowMeansTwin({ x }: { x: tf.Tensor4D }, windows: Windows): tf.Tensor {
  const [batch, height, width, channels] = x.shape;
  const pixels = tf.reshape(x, [batch, height * width, channels]);
  const means = tf.matMul(shareTensor(windows, height, width), pixels);
  return tf.reshape(means, [batch, windows.rows.length, windows.columns.length, channels]);
}

/** The gradient of images of a height and width by that of their windows' means. */
export function windowMeansGradTwin(
  { dy }: { dy: tf.Tensor4D },
  { height, width, ...windows }: Windows & { height: number; width: number },
): tf.Tensor {
  const [batch, rows, columns, channels] = dy.shape;
  const gradients = tf.reshape(dy, [batch, rows * columns, channels]);
  const pixels = tf.matMul(shareTensor(windows, height, width), gradients, true);
  return tf.reshape(pixels, [batch, height, width, channels]);
}

function shareTensor(windows: Windows, height: number, width: number): tf.Tensor3D {
  const { rows, columns } = windows;
  const shape: [number, number, number] = [1, rows.length * columns.length, height * width];
  return tf.tensor3d(windowShares(windows, height, width), shape);
}

/** What each pixel contributes to each window's mean: (windows, pixels). */
export function windowShares(
  { rows, columns }: Windows,
  height: number,
  width: number,
): Float32Array {
  const values = new Float32Array(rows.length * columns.length * height * width);
  rows.forEach(([top, bottom], row) => {
    columns.forEach(([left, right], column) => {
      const window = (row * columns.length + column) * height * width;
      const share = 1 / ((bottom - top) * (right - left));
      for (let y = top; y < bottom; y++) {
        values.fill(share, window + y * width + left, window + y * width + right);
      }
    });
  });
  return values;
}
