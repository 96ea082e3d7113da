/**
 * Runs kernels of the current backend. Ours has kernels of its own, groups, fused tanh and any
 * padding; the stock backends `tensorflow` and `js` lack them. For those alone exist the twins
 * (twins/), the grouped convolution made of slices (rules/groups.ts), max pooling that spreads NaN
 * (rules/stock-max-pool.ts) and the two questions below.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NATIVE_BACKENDS } from '../backend/native.js';
import { NativeBackend, type ResultStorage } from '../backend/native-backend.js';

/** Values of a kernel's attributes; a plan makes them once and reuses them at every step. */
export type Attributes = Record<string, unknown>;

/**
 * Runs a kernel of the current backend without an op's checks and tape: half a microsecond instead
 * of two. The caller owns the result.
 */
export function runKernel(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>> | readonly tf.Tensor[],
  attributes: Attributes = {},
): tf.Tensor {
  return run(name, inputs, attributes) as tf.Tensor;
}

/** The same for a kernel with a list of results. */
export function runKernelForList(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>> | readonly tf.Tensor[],
  attributes: Attributes = {},
): tf.Tensor[] {
  const result = run(name, inputs, attributes);
  return Array.isArray(result) ? result : [result];
}

/** Runs a training step; our backend may run its kernels as one. */
export function asStep<T>(step: () => T): T {
  const backend = tf.backend();
  return backend instanceof NativeBackend ? backend.asStep(step) : step();
}

/** Another handle on the same values, to be disposed on its own. */
export function share(x: tf.Tensor): tf.Tensor {
  return runKernel('Identity', { x });
}

/** The values of x, stored as float32 or as the precision says; on our backend alone. */
export function stored(x: tf.Tensor, storage: Exclude<ResultStorage, 'same'>): tf.Tensor {
  return runKernel('Store', { x }, { storage });
}

/** Runs kernels in f32 whatever the precision: a result of float32 inputs is float32. */
export function computeFloat32<T>(compute: () => T): T {
  const backend = tf.backend() as NativeBackend;
  const { precision } = backend;
  backend.precision = 'f32';
  try {
    return compute();
  } finally {
    backend.precision = precision;
  }
}

/** The sum of two tensors, which it takes over and frees. */
export function addInto(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const sum = runKernel('Add', { a, b });
  a.dispose();
  b.dispose();
  return sum;
}

/** Whether the current backend is ours, with fused tanh, groups and the kernels of this project. */
export function backendHasNative(): boolean {
  return tf.backend() instanceof NativeBackend;
}

/** Whether convolutions and pooling take padding that differs from tf's `valid` and `same`. */
export function backendTakesPadding(): boolean {
  return tf.getBackend() !== 'tensorflow';
}

/** Whether the current backend, ours, stores activations as float32. */
export function isFloat32(): boolean {
  return (tf.backend() as NativeBackend).precision === 'f32';
}

/**
 * Whether convolutions take over the normalisation after them in evaluation, and add in place: on
 * processors.
 */
export function backendFoldsNorms(): boolean {
  return backendHasNative() && tf.getBackend() !== NATIVE_BACKENDS.cuda;
}

function run(name: string, inputs: unknown, attributes: Attributes): tf.Tensor | tf.Tensor[] {
  return tf.engine().runKernel(name, inputs as tf.NamedTensorMap, attributes as tf.NamedAttrMap);
}
