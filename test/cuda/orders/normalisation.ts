/** Normalisation and pooling in many blocks, on ragged shapes. */
import * as tf from '@tensorflow/tfjs-core';
import { runKernel, stored } from '../../backend/compare.js';
import { numbers } from '../../network/backends.js';

const data = (shape: number[], seed: number) =>
  stored(numbers(tf.util.sizeFromShape(shape), seed), shape);
const vector = (channels: number, seed: number) =>
  tf.tensor1d(numbers(channels, seed).map((value) => value + 1.5));
const all = (name: string, inputs: Record<string, tf.Tensor>, attributes: object) =>
  [runKernel(name, inputs, attributes)].flat() as tf.Tensor[];

function batchNormalisation(rows: number, channels: number): tf.Tensor[] {
  const x = data([rows, channels], 1);
  const gamma = vector(channels, 2);
  const beta = tf.tensor1d(numbers(channels, 3));
  const settings = { activation: 'relu', unbiased: true, epsilon: 1e-3, momentum: 0.9 };
  const running = {
    mean: tf.variable(vector(channels, 4)),
    variance: tf.variable(vector(channels, 5)),
  };
  const residual = data([rows, channels], 6);
  const inputs = { x, gamma, beta, ...running, residual };
  const [y, mean, inverseDeviation] = all('BatchNormTrain', inputs, settings) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const back = { dy: data([rows, channels], 7), x, gamma, beta, mean, inverseDeviation, y };
  const gradients = all('BatchNormGrad', back, {
    activation: 'relu',
    residual: true,
    frozen: false,
  });
  const after = Object.values(running).map((variable) => tf.clone(variable));
  tf.dispose(Object.values(running));
  return [y, mean, inverseDeviation, ...after, ...gradients];
}

function joinedMaps(rows: number, channels: number): tf.Tensor[] {
  const x = data([rows, channels], 1);
  const append = { channels: channels + 8, offset: 0, statistics: true };
  const [joined, mean, variance] = all('AppendChannels', { x }, append) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const maps = { x: data([rows, 8], 2), joined, mean, variance };
  runKernel('AppendChannels', maps, { ...append, offset: channels });
  const vectors = { gamma: vector(channels, 3), beta: vector(channels, 4), mean, variance };
  const settings = { channels, activation: 'relu', epsilon: 1e-3, momentum: 0.9, unbiased: false };
  const y = runKernel('BatchNormSlice', { x: joined, ...vectors }, settings);
  const dJoined = data([rows, channels + 8], 5);
  const back = { x: joined, dy: data([rows, channels], 6), ...vectors, dJoined };
  const sums = all('BatchNormSliceGrad', back, { ...settings, frozen: false, first: false });
  const [copied] = all('AppendChannels', { x }, { ...append, statistics: false }) as [tf.Tensor];
  return [joined, mean, variance, y, ...sums, dJoined, tf.slice(copied, [0, 0], [rows, channels])];
}

function biasGradient(rows: number, channels: number): tf.Tensor[] {
  const inputs = { dy: data([rows, channels], 1), y: data([rows, channels], 2) };
  return all('BiasActivationGrad', inputs, { activation: 'relu', bias: true });
}

function pooling(filterSize: number, strides: number, channels: number): tf.Tensor[] {
  const attributes = { filterSize, strides, pad: 'same' };
  const input = data([2, 11, 9, channels], 1);
  const output = runKernel('MaxPool', { x: input }, attributes);
  const average = runKernel('AvgPool', { x: input }, attributes);
  const dy = data(output.shape, 2);
  return [
    output,
    average,
    runKernel('MaxPoolGrad', { dy, input, output }, attributes),
    runKernel('AvgPoolGrad', { dy, input }, attributes),
  ];
}

function responses(depthRadius: number, channels: number): tf.Tensor[] {
  const attributes = { depthRadius, bias: 1, alpha: 0.3, beta: 0.75 };
  const x = data([17, channels], 1);
  const y = runKernel('LRN', { x }, attributes);
  const dy = data([17, channels], 2);
  return [y, runKernel('LRNGrad', { x, y, dy }, attributes)];
}

export const NORMALISATION_CASES: Readonly<Record<string, () => tf.Tensor[]>> = {
  'batch normalisation of 1 channel': () => batchNormalisation(1201, 1),
  'batch normalisation of 24 channels': () => batchNormalisation(613, 24),
  'batch normalisation of 1030 channels': () => batchNormalisation(37, 1030),
  'joined maps': () => joinedMaps(301, 40),
  'the gradient of 10 biases': () => biasGradient(517, 10),
  'the gradient of 1000 biases': () => biasGradient(33, 1000),
  'local response normalisation': () => [...responses(2, 24), ...responses(3, 19)],
  'pooling of cells': () => pooling(2, 2, 24),
  'pooling of windows that overlap': () => pooling(3, 1, 10),
};
