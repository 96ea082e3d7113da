/**
 * The backends that the tests of the network run on: tfjs's own always, ours and TensorFlow's where
 * they are built.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../src/backend/index.js';
import { NATIVE_BACKENDS } from '../../src/backend/native.js';
import { NativeBackend } from '../../src/backend/native-backend.js';

export interface TestBackend {
  /** Its name in tfjs's registry. */
  readonly name: 'cpu' | 'onednn' | 'cuda' | 'tensorflow';
  /** Whether it is ours, and not tfjs's. */
  readonly native: boolean;
  readonly precision: 'f32' | 'bf16';
  /** Largest error over the largest value. */
  readonly tolerance: number;
}

/** The number of threads, where a test that runs other tests wants one of its own. */
const THREADS = Number(process.env['CNN_TEST_THREADS']) || undefined;

/** Ours that is tested: CNN_TEST_BACKEND=cuda takes the GPU's in place of the CPU's. */
const OURS = process.env['CNN_TEST_BACKEND'] === 'cuda' ? 'cuda' : 'cpu';

const BACKENDS: readonly TestBackend[] = [
  { name: 'cpu', native: false, precision: 'f32', tolerance: 1e-4 },
  { name: NATIVE_BACKENDS[OURS], native: true, precision: 'f32', tolerance: 1e-4 },
  { name: NATIVE_BACKENDS[OURS], native: true, precision: 'bf16', tolerance: 2e-2 },
  { name: 'tensorflow', native: false, precision: 'f32', tolerance: 1e-4 },
];

/** The GPU is one that the processor emulates, a hundred times slower than itself. */
export const EMULATED = OURS === 'cuda' && process.env['CNN_CUDA_EMULATED'] === '1';

/** A time limit in milliseconds, which is a longer one on an emulated GPU. */
export function timeLimit(milliseconds: number): number {
  return EMULATED ? 5 * milliseconds : milliseconds;
}

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
        if (name === 'cpu') await openBackend('js', { precision });
        else if (name === 'tensorflow') await tensorflowOrSkip(this);
        // A GPU that was asked for must be there.
        else if (OURS === 'cuda') await openOurs(precision);
        else await orSkip(this, openOurs(precision));
      });
      after(() => tf.setBackend('cpu'));
      define(backend);
    });
  }
}

/** Opens TensorFlow's backend; where it is missing the tests of the context are skipped. */
export function tensorflowOrSkip(context: Mocha.Context): Promise<void> {
  return orSkip(context, openBackend('tensorflow', { precision: 'f32', threads: THREADS }));
}

/** Where CNN_TEST_ALL is 1, as in continuous integration, what is missing is an error. */
export async function orSkip(context: Mocha.Context, opening: Promise<unknown>): Promise<void> {
  try {
    await opening;
  } catch (error) {
    if (process.env['CNN_TEST_ALL'] === '1') throw error;
    console.warn(`      skipped: ${(error as Error).message}`);
    context.skip();
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
