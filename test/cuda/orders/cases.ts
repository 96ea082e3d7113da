/**
 * Calls of every kernel whose bits must not depend on the order of threads: those with small inputs
 * that non-finite.test.ts has, and calls that many blocks share.
 */
import * as tf from '@tensorflow/tfjs-core';
import { runKernel, stored } from '../../backend/compare.js';
import { finiteResults } from '../../backend/non-finite.js';
import { PLAIN_ROWS } from '../../backend/non-finite-rows.js';
import { TRAINING_ROWS } from '../../backend/non-finite-training-rows.js';
import { numbers } from '../../network/backends.js';
import { NORMALISATION_CASES } from './normalisation.js';

/** The name of a case and its results. */
export type OrderCases = Readonly<Record<string, () => readonly tf.TypedArray[]>>;

const data = (...shape: number[]) => stored(numbers(tf.util.sizeFromShape(shape)), shape);
const all = (name: string, inputs: Record<string, tf.Tensor>, attributes: object) =>
  [runKernel(name, inputs, attributes)].flat() as tf.Tensor[];

function reductions(axis: number, ...shape: number[]): tf.Tensor[] {
  const x = data(...shape);
  return [tf.sum, tf.max, tf.min, tf.mean, tf.argMax].map((reduce) => reduce(x, axis) as tf.Tensor);
}

function transposes(): tf.Tensor[] {
  const x = data(2, 41, 9, 70);
  return [x, tf.cast(tf.mul(x, 100), 'int32'), tf.greater(x, 0)].flatMap((values) => [
    tf.transpose(values, [0, 3, 1, 2]),
    tf.transpose(values, [2, 0, 1, 3]),
  ]);
}

/** More than one launch takes. */
function pieces(): tf.Tensor[] {
  const sizes = Array.from({ length: 70 }, (_, index) => (index % 5) + 1);
  const parts = sizes.map((size, seed) => stored(numbers(31 * size, seed), [31, size]));
  const whole = tf.concat(parts, 1);
  return [whole, ...tf.split(whole, sizes, 1)];
}

function elementwise(): tf.Tensor[] {
  const x = data(37, 331);
  const settings = { rate: 0.4, seed: 7, step: 3, layer: 2 };
  return [
    tf.add(x, data(331)),
    tf.maximum(x, data(37, 1)),
    tf.sigmoid(x),
    tf.fill([12_301], 0.5),
    ...all('Dropout', { x }, settings),
    tf.pad(x, [
      [1, 2],
      [3, 0],
    ]),
    tf.slice(x, [1, 2], [30, 300]),
    tf.tile(x, [2, 1]),
  ];
}

/** Of many windows, whose ranges do not fit into a kernel's parameters. */
function windowMeans(): tf.Tensor[] {
  const ranges = Array.from({ length: 130 }, (_, index) => [index, index + 2]);
  const windows = { rows: ranges, columns: ranges };
  const [means] = all('WindowMeans', { x: data(1, 131, 131, 3) }, windows) as [tf.Tensor];
  const size = { height: 131, width: 131 };
  return [means, ...all('WindowMeansGrad', { dy: means }, { ...windows, ...size })];
}

function images(): tf.Tensor[] {
  const bytes = Uint8Array.from({ length: 7 * 33 * 35 * 3 }, (_, index) => index * 89);
  const inputs = {
    images: tf.tensor4d(bytes, [7, 33, 35, 3], 'bool'),
    mirror: tf.tensor1d([0, 1, 1, 0, 1, 0, 1], 'int32'),
    offsets: tf.tensor2d(numbers(21), [7, 3]),
  };
  const colours = { mean: [0.4, 0.5, 0.6], std: [0.3, 0.2, 0.1] };
  const [images] = all('ImageToFloat', inputs, colours) as [tf.Tensor];
  const rows = Array.from({ length: 7 }, (_, image) => [image - 1, image, 2, 30, 30 - image]);
  const shares = tf.tensor1d([0, 0.5, 0, 0.25, 1, 0.75, 0.3]);
  return [
    images,
    ...all('MixImages', { images, rows: tf.tensor2d(rows, [7, 5], 'int32'), shares }, {}),
  ];
}

function losses(rows: number, classes: number): tf.Tensor[] {
  const labels = Int32Array.from({ length: rows }, (_, row) => ((row * 7) % (classes + 1)) - 1);
  const inputs = { logits: tf.mul(data(rows, classes), 8), labels: tf.tensor1d(labels, 'int32') };
  const others = Int32Array.from({ length: rows }, (_, row) => ((row * 5) % (classes + 1)) - 1);
  const mixed = {
    ...{ ...inputs, others: tf.tensor1d(others, 'int32') },
    shares: tf.tensor2d(
      Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? 0.3 : 0.7)),
      [rows, 2],
    ),
  };
  const settings = { smoothing: 0.1, weight: 1, hits: true };
  return [
    ...all('SoftmaxCrossEntropy', inputs, settings),
    ...['SoftmaxCrossEntropy', 'SigmoidCrossEntropy'].flatMap((kernel) =>
      all(kernel, mixed, settings),
    ),
  ];
}

function convolution(): tf.Tensor[] {
  const [channels, filters] = [40, 72];
  const x = data(3, 13, 11, channels);
  const filter = stored(numbers(9 * channels * filters), [3, 3, channels, filters]);
  const attributes = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };
  const forward = { ...attributes, activation: 'relu' };
  const [y] = all('FusedConv2D', { x, filter, bias: data(filters) }, forward) as [tf.Tensor];
  const gradients = { x, dy: y, filter };
  return [
    y,
    ...all('Conv2DBackpropInput', gradients, { ...attributes, inputShape: x.shape }),
    ...all('Conv2DBackpropFilter', gradients, { ...attributes, filterShape: filter.shape }),
  ];
}

/** Of one, of several and of many blocks. */
function updates(): tf.Tensor[] {
  const sizes = [1, 150, 40_003, 3];
  const weights = sizes.map((size, seed) => tf.variable(tf.tensor(numbers(size, seed + 1))));
  const momenta = sizes.map((size) => tf.variable(tf.zeros([size])));
  const inputs = sizes.flatMap((size, index) => {
    const gradient = stored(numbers(size, index + 20), [size]);
    return [weights[index] as tf.Tensor, momenta[index] as tf.Tensor, gradient];
  });
  const each = (value: number) => sizes.map(() => value);
  runKernel('Sgd', inputs as never, {
    ...{ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: each(0.01), lrScale: each(1) },
  });
  const results = [...weights, ...momenta].map((variable) => tf.clone(variable));
  tf.dispose([...weights, ...momenta]);
  return results;
}

const LARGE: Readonly<Record<string, () => tf.Tensor[]>> = {
  ...NORMALISATION_CASES,
  'reductions of one long row': () => reductions(0, 60_007),
  'reductions of rows': () => reductions(1, 9, 3000),
  'reductions of 24 columns': () => reductions(0, 3001, 24),
  'reductions of 1000 columns': () => reductions(0, 61, 1000),
  transposes: transposes,
  'many pieces': pieces,
  'each element by itself': elementwise,
  'means of many windows': windowMeans,
  images: images,
  'the loss of 10 classes': () => losses(517, 10),
  'the loss of 1003 classes': () => losses(37, 1003),
  'a convolution and its gradients': convolution,
  'an update of weights': updates,
};

const read = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => tensor.dataSync());

export const ORDER_CASES: OrderCases = Object.fromEntries([
  ...[...PLAIN_ROWS, ...TRAINING_ROWS].map((row) => [row.name, () => finiteResults(row)] as const),
  ...Object.entries(LARGE).map(([name, run]) => [`${name}, in many blocks`, () => read(run())]),
]);
