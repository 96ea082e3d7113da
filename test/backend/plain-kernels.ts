/** Kernels in plain loops in float64, where tfjs-backend-cpu has none or hides NaN. */
import * as tf from '@tensorflow/tfjs-core';

export interface Pooling {
  readonly filterSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pad: 'valid' | 'same';
}

/** The first of the largest values of each window; a NaN is larger than any number. */
function maximaOf(x: tf.Tensor, { filterSize, strides, pad }: Pooling) {
  const info = tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    [...filterSize],
    [...strides],
    1,
    pad,
  );
  const values = x.dataSync();
  const { inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  const places: number[] = [];
  for (let n = 0; n < info.batchSize; n++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        for (let c = 0; c < inChannels; c++) {
          let best = -1;
          for (let ky = 0; ky < filterSize[0]; ky++) {
            for (let kx = 0; kx < filterSize[1]; kx++) {
              const y = row * strides[0] - info.padInfo.top + ky;
              const at = column * strides[1] - info.padInfo.left + kx;
              if (y < 0 || at < 0 || y >= inHeight || at >= inWidth) continue;
              const place = ((n * inHeight + y) * inWidth + at) * inChannels + c;
              if (best < 0 || isGreater(values[place], values[best])) best = place;
            }
          }
          places.push(best);
        }
      }
    }
  }
  return { places, values, shape: info.outShape };
}

function isGreater(a: number | undefined, b: number | undefined): boolean {
  return Number.isNaN(a) ? !Number.isNaN(b) : (a as number) > (b as number);
}

export function plainMaxPool(x: tf.Tensor, pooling: Pooling): tf.Tensor {
  const { places, values, shape } = maximaOf(x, pooling);
  return tf.tensor(
    places.map((place) => values[place] as number),
    shape,
  );
}

export function plainMaxPoolGradient(x: tf.Tensor, dy: tf.Tensor, pooling: Pooling): tf.Tensor {
  const { places } = maximaOf(x, pooling);
  const dx = new Float32Array(x.size);
  const gradients = dy.dataSync();
  places.forEach((place, index) => {
    dx[place] = (dx[place] as number) + (gradients[index] as number);
  });
  return tf.tensor(dx, x.shape);
}

/** The index of the first of the largest values along the last axis, or of the first NaN. */
export function plainArgMax(x: tf.Tensor): tf.Tensor {
  const length = x.shape.at(-1) as number;
  const values = Array.from(x.dataSync());
  const indices = Array.from({ length: x.size / length }, (_, row) => {
    const line = values.slice(row * length, (row + 1) * length);
    return line.reduce((best, value, at) => (isGreater(value, line[best]) ? at : best), 0);
  });
  return tf.tensor(indices, x.shape.slice(0, -1), 'int32');
}
