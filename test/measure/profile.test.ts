import assert from 'node:assert/strict';
import { operationsOf } from '../../src/backend/kernel-work.js';
import type { Peaks } from '../../src/backend/kernels/peaks.js';
import type { KernelCall, Phase } from '../../src/backend/profiler.js';
import { summariseProfile } from '../../src/measure/profile.js';
import { traceOf } from '../../src/measure/trace.js';

const PEAKS: Peaks = {
  gflops: 100,
  multiply_add_gflops: 100,
  matrix_product_gflops: 90,
  gigabytes_per_second: 10,
  copy_gigabytes_per_second: 8,
  update_gigabytes_per_second: 10,
};

/** A call of 1e9 operations and 1e8 bytes, which both take 10 ms at the peaks. */
function call(
  step: number,
  [phase, layer, kernel]: [Phase, string, string],
  start: number,
  length: number,
  work: { operations?: number; bytes?: number } = {},
): KernelCall {
  const place = { step, phase, layer, time: start - 2 };
  const times = { enqueued: start - 1, start, end: start + length };
  const shapes = [
    [2, 3],
    [3, 4],
    [2, 4],
  ];
  return { kernel, place, shapes, operations: 1e9, bytes: 1e8, ...times, ...work };
}

describe('A profile', () => {
  const calls = [40, 20, 30].flatMap((length, step) => [
    call(step, ['forward', 'a', 'BatchMatMul'], 100 * step, length),
    call(step, ['backward', 'a', 'BatchMatMul'], 100 * step + 41, 2, { operations: 3e9 }),
    call(step, ['backward', 'a', 'Add'], 100 * step + 44, 1, { operations: 0 }),
    call(step, ['backward', 'b', 'Add'], 100 * step + 46, 1, { operations: 0, bytes: 2e8 }),
  ]);
  const profile = summariseProfile(calls, PEAKS, [90, 60, 70]);

  it('takes medians over the steps and counts the work of one', () => {
    assert.equal(profile.milliseconds_per_step, 70);
    const [forward, backward] = profile.phases;
    assert.ok(forward && backward);
    assert.deepEqual([forward.milliseconds, forward.calls, forward.gflop], [30, 1, 1]);
    assert.deepEqual([backward.milliseconds, backward.calls, backward.gflop], [4, 3, 3]);
    assert.ok(Math.abs(backward.gigabytes - 0.4) < 1e-12);
    assert.equal(profile.total.milliseconds, 34);
  });

  it('sums the longer of computing and memory over layers and phases', () => {
    // forward a: 10 ms both; backward a: 30 ms of operations, 20 of bytes; backward b: 20 of bytes.
    assert.ok(Math.abs(profile.total.floor_milliseconds - 60) < 1e-9);
  });

  it('orders kernels by time and layers as they ran', () => {
    const kernels = profile.kernels.map(({ phase, kernel }) => `${phase} ${kernel}`);
    assert.deepEqual(kernels, ['forward BatchMatMul', 'backward BatchMatMul', 'backward Add']);
    const layers = profile.layers.map(({ phase, layer, kernel }) => `${phase} ${layer} ${kernel}`);
    assert.deepEqual(layers, [
      'forward a BatchMatMul',
      'backward a BatchMatMul',
      'backward a Add',
      'backward b Add',
    ]);
    assert.equal(profile.layers[0]?.shapes, '2×3 * 3×4 → 2×4');
  });

  it('becomes a trace in microseconds from the first step on', () => {
    const [kernel] = traceOf(calls).traceEvents.filter(({ cat }) => cat !== undefined);
    assert.ok(kernel);
    assert.deepEqual([kernel.ts, kernel.dur], [2000, 40_000]);
    assert.deepEqual(kernel.args, {
      layer: 'a',
      direction: 'forward',
      shapes: '2×3 * 3×4 → 2×4',
      'GFLOP/s': 25,
      'GB/s': 2.5,
    });
  });
});

describe('The operations of a kernel call', () => {
  it('are two for each product of a convolution, in every group alone', () => {
    const sizes = {
      ...{ batch: 2, inHeight: 8, inWidth: 8, inChannels: 6 },
      ...{ outHeight: 4, outWidth: 4, outChannels: 10, filterHeight: 3, filterWidth: 5 },
      ...{ strideHeight: 2, strideWidth: 2, dilationHeight: 1, dilationWidth: 1 },
      ...{ padTop: 1, padLeft: 2, activation: 0 },
    };
    const products = 2 * 4 * 4 * 10 * 3 * 5 * 6;
    assert.equal(operationsOf('FusedConv2D', { ...sizes, groups: 1 }), 2 * products);
    assert.equal(operationsOf('Conv2DBackpropFilter', { ...sizes, groups: 2 }), products);
  });

  it('are two for each product of matrices, and one matrix may serve a batch', () => {
    const plain = { transposeA: 0, transposeB: 0, activation: 0 };
    const sizes = { batchA: 1, batchB: 7, m: 2, k: 3, n: 5, ...plain };
    assert.equal(operationsOf('BatchMatMul', sizes), 2 * 7 * 2 * 3 * 5);
  });

  it('are none where data only move', () => {
    assert.equal(operationsOf('Concat', { sizes: [1, 2, 3] }), 0);
  });
});
