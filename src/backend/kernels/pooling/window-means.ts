import type { TensorInfo } from '@tensorflow/tfjs-core';
import { allFloat } from '../products/convolution.js';
import type { KernelCall, KernelRows } from '../row.js';

/** Ranges [begin, end) of rows and of columns; each pair of them is a window. */
interface Windows {
  rows: readonly (readonly [number, number])[];
  columns: readonly (readonly [number, number])[];
}

/** `shape`: that of the images whose windows these are. */
function windowParams(shape: readonly number[], { rows, columns }: Windows) {
  const [batch, inHeight, inWidth, channels] = shape as [number, number, number, number];
  return {
    ...{ batch, inHeight, inWidth, channels, outHeight: rows.length, outWidth: columns.length },
    ...{ rows: rows.flat(), columns: columns.flat() },
  };
}

function windowMeans({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, Windows>) {
  if (!allFloat([x])) return undefined;
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const shape = [batch, attrs.rows.length, attrs.columns.length, channels];
  const params = windowParams(x.shape, attrs);
  return backend.runOne('WindowMeans', [x], { shape, storage: 'same' }, params);
}

function windowMeansGrad({
  inputs: { dy },
  attrs,
  backend,
}: KernelCall<{ dy: TensorInfo }, Windows & { height: number; width: number }>) {
  if (!allFloat([dy])) return undefined;
  const [batch, , , channels] = dy.shape as [number, number, number, number];
  const shape = [batch, attrs.height, attrs.width, channels];
  const params = windowParams(shape, attrs);
  return backend.runOne('WindowMeansGrad', [dy], { shape, storage: 'same' }, params);
}

export const windowMeansKernels: KernelRows = {
  WindowMeans: windowMeans,
  WindowMeansGrad: windowMeansGrad,
};
