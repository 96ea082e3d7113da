import { ACTIVATIONS } from '../../activations.js';
import type { KernelCall, Profiler } from '../profiler.js';

/** The machine's peaks with all threads, as the addon has just measured them. */
export interface Peaks {
  /** Operations per second, in 1e9: the higher of the two below. */
  readonly gflops: number;
  /** Of float32 multiply-adds in registers. */
  readonly multiply_add_gflops: number;
  /** Of a large matrix product by oneDNN, in the precision of the run. */
  readonly matrix_product_gflops: number;
  /** Bytes per second, in 1e9, in buffers of 64 MiB: the higher of the two below. */
  readonly gigabytes_per_second: number;
  /** That a copy reads and writes. */
  readonly copy_gigabytes_per_second: number;
  /** That are read and written where values change in place. */
  readonly update_gigabytes_per_second: number;
}

const ROUNDS = 5;
/** A whole number of the rounds in native/cpu/loops/peaks.cc: about 10 ms of AVX-512. */
const MULTIPLY_ADDS = 192 << 22;
const MATRIX_SIZE = 2048;
const COPIED_VALUES = 64 << 18;

/** The best of five rounds of each, after one that is not counted. */
export async function measurePeaks(profiler: Profiler): Promise<Peaks> {
  const { device } = profiler;
  const { threads } = device;
  const fill = (shape: number[], storage: 'f32' | 'compute') =>
    device.runOne('Fill', [], { shape, storage }, { value: 0.5 });
  const matrix = fill([MATRIX_SIZE, MATRIX_SIZE], 'compute');
  const values = fill([COPIED_VALUES], 'f32');
  const product = {
    ...{ batchA: 1, batchB: 1, m: MATRIX_SIZE, k: MATRIX_SIZE, n: MATRIX_SIZE },
    ...{ transposeA: 0, transposeB: 0, activation: ACTIVATIONS.linear.number },
  };
  await profiler.start();
  for (let round = 0; round <= ROUNDS; round++) {
    profiler.beginStep(round);
    const results = [
      device.runOne('PeakMultiplyAdd', [], { shape: [threads] }, { threads, count: MULTIPLY_ADDS }),
      device.runOne(
        'BatchMatMul',
        [matrix, matrix],
        { shape: matrix.shape, storage: 'compute' },
        product,
      ),
      device.runOne('PeakCopy', [values], { shape: values.shape }),
      ...device.run('PeakUpdate', [values], []),
    ];
    for (const { dataId } of results) device.disposeData(dataId);
  }
  const calls = await profiler.stop();
  for (const { dataId } of [matrix, values]) device.disposeData(dataId);
  device.queue.trim();
  const best = (kernel: string, work: 'operations' | 'bytes') => {
    const rounds = calls.filter((call) => call.kernel === kernel && call.place.step > 0);
    return Math.max(...rounds.map((call) => ratePerSecond(call, work) / 1e9));
  };
  const multiplyAdd = best('PeakMultiplyAdd', 'operations');
  const matrixProduct = best('BatchMatMul', 'operations');
  const copy = best('PeakCopy', 'bytes');
  const update = best('PeakUpdate', 'bytes');
  return {
    gflops: Math.max(multiplyAdd, matrixProduct),
    multiply_add_gflops: multiplyAdd,
    matrix_product_gflops: matrixProduct,
    gigabytes_per_second: Math.max(copy, update),
    copy_gigabytes_per_second: copy,
    update_gigabytes_per_second: update,
  };
}

function ratePerSecond(call: KernelCall, work: 'operations' | 'bytes'): number {
  return (1000 * call[work]) / (call.end - call.start);
}
