/** The backends that the tests of the network run on: tfjs's own always, ours where it is built. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../src/backend/index.js';
import { NATIVE_BACKENDS } from '../../src/backend/native.js';
import { NativeBackend } from '../../src/backend/native-backend.js';

export interface TestBackend {
  /** Its name in tfjs's registry. */
  readonly name: 'cpu' | 'onednn' | 'cuda';
  readonly precision: 'f32' | 'bf16';
  /** Largest error over the largest value. */
  readonly tolerance: number;
}

/** The number of threads, where a test that runs other tests wants one of its own. */
const THREADS = Number(process.env['CNN_TEST_THREADS']) || undefined;

/** Ours that is tested: CNN_TEST_BACKEND=cuda takes the GPU's in place of the CPU's. */
const OURS = process.env['CNN_TEST_BACKEND'] === 'cuda' ? 'cuda' : 'cpu';

const BACKENDS: readonly TestBackend[] = [
  { name: 'cpu', precision: 'f32', tolerance: 1e-4 },
  { name: NATIVE_BACKENDS[OURS], precision: 'f32', tolerance: 1e-4 },
  { name: NATIVE_BACKENDS[OURS], precision: 'bf16', tolerance: 2e-2 },
];

/** Opens ours. */
export function openOurs(precision: 'f32' | 'bf16') {
  return openBackend(OURS, { precision, threads: THREADS });
}

/** Ours, once it is open: the one in use, or the one that is tested. */
export function nativeBackend(): NativeBackend | undefined {
  return [tf.getBackend(), NATIVE_BACKENDS[OURS]]
    .map((name) => tf.engine().findBackend(name))
    .find((backend) => backend instanceof NativeBackend);
}

/**
 * Defines the same tests for each backend; they are skipped, with the reason, where it is absent.
 */
export function onEachBackend(define: (backend: TestBackend) => void): void {
  for (const backend of BACKENDS) {
    const { name, precision } = backend;
    describe(`on ${name} in ${precision}`, () => {
      before(async function () {
        try {
          if (name === 'cpu') await openBackend('js', { precision });
          else await openOurs(precision);
        } catch (error) {
          if (name === 'cpu') throw error;
          console.warn(`      skipped: ${(error as Error).message}`);
          this.skip();
        }
      });
      after(() => tf.setBackend('cpu'));
      define(backend);
    });
  }
}

/** Runs on tfjs-backend-cpu, the reference, and comes back; only plain values may leave. */
export function onReference<T>(compute: () => T): T {
  const name = tf.getBackend();
  tf.setBackend('cpu');
  try {
    return tf.tidy(compute as () => tf.TensorContainer) as T;
  } finally {
    tf.setBackend(name);
  }
}

/** Fails where a value is further from its reference than the tolerance times the largest one. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  let largest = 0;
  let error = 0;
  for (let index = 0; index < expected.length; index++) {
    const value = expected[index] as number;
    largest = Math.max(largest, Math.abs(value));
    const difference = Math.abs((actual[index] as number) - value);
    error = Math.max(error, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  if (error > tolerance * largest + 1e-12) {
    assert.fail(`${what}: expected an error of at most ${tolerance} but it is ${error / largest}`);
  }
}

/**
 * Fails where the norm of the error is more than the tolerance times the norm of the reference, or
 * times `least` where that is greater.
 */
export function assertCloseByNorm(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  least = 0,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  let error = 0;
  for (let index = 0; index < expected.length; index++) {
    error += ((actual[index] as number) - (expected[index] as number)) ** 2;
  }
  const ratio = Math.sqrt(error) / Math.max(norm(expected), least);
  if (!(ratio <= tolerance)) {
    assert.fail(
      `${what}: expected an error of at most ${tolerance} of the norm but it is ${ratio}`,
    );
  }
}

/** The square root of the sum of squares. */
export function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += (values[index] as number) ** 2;
  return Math.sqrt(sum);
}

/** Numbers in [-1, 1) that bf16 holds exactly, from a small generator of their own. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >> 25) / 64;
  });
}

/** The live tensors and data of the current backend. */
export function liveTensors(): number[] {
  return [tf.memory().numTensors, tf.engine().backend.numDataIds()];
}
