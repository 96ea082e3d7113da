/** Compares kernels of our backend with tfjs-backend-cpu on the same numbers. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../../src/backend/native-backend.js';
import {
  nativeBackend,
  onEachBackend,
  onReference,
  type TestBackend,
} from '../network/backends.js';

/** Defines the tests on our backend, in both precisions. */
export function onNative(define: (backend: TestBackend) => void): void {
  onEachBackend((backend) => {
    if (backend.native) define(backend);
  });
}

export function device(): NativeBackend {
  const backend = nativeBackend();
  assert.ok(backend, 'our backend is open');
  return backend;
}

/** The nearest number that bfloat16 holds, towards zero. */
export function bf16Of(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer);
  bits[0] = ((bits[0] as number) & 0xffff0000) >>> 0;
  return Number.isNaN(value) ? value : (new Float32Array(bits.buffer)[0] as number);
}

/** A tensor of numbers stored as the precision in use does, so that bf16 goes in as bf16. */
export function stored(values: ArrayLike<number>, shape: number[]): tf.Tensor {
  const plain = tf.tensor(Float32Array.from(values), shape);
  if (tf.getBackend() === 'cpu' || device().precision === 'f32') return plain;
  const info = device().runOne('Cast', [plain], { shape, storage: 'compute' });
  return tf.engine().makeTensorFromTensorInfo(info);
}

const fallbackCalls = () => [...device().fallbacks.values()].reduce((sum, count) => sum + count, 0);

export interface Tolerance {
  /** Largest error over the value's own size, or over the largest one with `ofLargest`. */
  error: number;
  ofLargest?: boolean;
}

/** NaN and infinities must be the same. */
export function assertEachClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { error, ofLargest = false }: Tolerance,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  const finite = Array.from(expected).filter(Number.isFinite).map(Math.abs);
  const floor = ofLargest ? finite.reduce((a, b) => Math.max(a, b), 0) : 1e-31;
  for (let index = 0; index < expected.length; index++) {
    const wanted = expected[index] as number;
    const found = actual[index] as number;
    if (wanted === found || (Number.isNaN(wanted) && Number.isNaN(found))) continue;
    const allowed = error * Math.max(Math.abs(wanted), floor);
    if (!(Math.abs(wanted - found) <= allowed)) {
      assert.fail(`${what}: value ${index} is ${found}, expected ${wanted}`);
    }
  }
}

/**
 * Runs `compute` natively and on tfjs-backend-cpu; a CPU fallback fails. Returns how the native
 * results were stored.
 */
export function compare(
  compute: (make: typeof stored) => tf.Tensor | tf.Tensor[],
  tolerance: Tolerance,
  what: string,
): string[] {
  const plain = (values: ArrayLike<number>, shape: number[]) =>
    tf.tensor(Float32Array.from(values), shape);
  const listOf = (result: tf.Tensor | tf.Tensor[]) => (Array.isArray(result) ? result : [result]);
  const read = (tensor: tf.Tensor) => {
    const { dtype, shape } = tensor;
    return { dtype, shape, values: tensor.dataSync() };
  };
  const wanted = onReference(() => listOf(compute(plain)).map(read));
  const before = fallbackCalls();
  const { results, storages } = tf.tidy(() => {
    const tensors = listOf(compute(stored));
    const stores = tensors.map((tensor) => device().storageOf(tensor));
    return { results: tensors.map(read), storages: stores } as never;
  }) as { results: typeof wanted; storages: string[] };
  assert.equal(fallbackCalls(), before, `${what}: must not fall back to tfjs-backend-cpu`);
  assert.equal(results.length, wanted.length, `${what}: number of results`);
  for (const [index, { dtype, shape, values }] of wanted.entries()) {
    const result = results[index];
    assert.equal(result?.dtype, dtype, `${what}: dtype`);
    assert.deepEqual(result?.shape, shape, `${what}: shape`);
    assertEachClose(result?.values ?? [], values, tolerance, what);
  }
  return storages;
}

/** Runs a kernel that tfjs has no operation for, or one whose operation does more. */
export function runKernel(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attributes: object = {},
): tf.Tensor {
  return tf
    .engine()
    .runKernel(name, inputs as tf.NamedTensorMap, attributes as tf.NamedAttrMap) as tf.Tensor;
}
