import { ACTIVATIONS } from '../../activations.js';
import { gpuIsEmulated } from '../../addon.js';
import type { NativeBackend } from '../native-backend.js';
import type { KernelCall, Profiler } from '../profiler.js';

/** The machine's peaks with all threads, as the addon has just measured them. */
export interface Peaks {
  /** Operations per second, in 1e9: the higher of the two below. */
  readonly gflops: number;
  /** Of float32 multiply-adds in registers. */
  readonly multiply_add_gflops: number;
  /** Of a large matrix product by oneDNN or cuBLASLt, in the precision of the run. */
  readonly matrix_product_gflops: number;
  /** Bytes per second, in 1e9, in buffers that no cache holds: the higher of the two below. */
  readonly gigabytes_per_second: number;
  /** That a copy reads and writes. */
  readonly copy_gigabytes_per_second: number;
  /** That are read and written where values change in place. */
  readonly update_gigabytes_per_second: number;
}

const ROUNDS = 5;

/** What one round computes and moves; values are float32. */
interface Work {
  /** Of each part; on a processor whole rounds of native/cpu/loops/peaks.cc. */
  readonly multiplyAdds: number;
  readonly parts: number;
  readonly matrixSize: number;
  readonly copiedValues: number;
}

/** About 10 ms of AVX-512, on each thread. */
const ON_CPU = { multiplyAdds: 192 << 22, matrixSize: 2048, copiedValues: 64 << 18 };
/** Milliseconds of a GPU of 10 to 100 TFLOP/s in float32; no cache has 512 MiB. */
const ON_GPU = { multiplyAdds: 192 << 20, parts: 1024, matrixSize: 8192, copiedValues: 512 << 18 };
/** Nobody asks how fast it is. */
const EMULATED = { multiplyAdds: 192 << 10, parts: 1, matrixSize: 128, copiedValues: 1 << 18 };

function workOf({ queue, threads }: NativeBackend): Work {
  if (queue.memoryBytes === 0) return { ...ON_CPU, parts: threads };
  return gpuIsEmulated() ? EMULATED : ON_GPU;
}

/** The best of five rounds of each, after one that is not counted. */
export async function measurePeaks(profiler: Profiler): Promise<Peaks> {
  const { device } = profiler;
  const { multiplyAdds, parts, matrixSize, copiedValues } = workOf(device);
  const fill = (shape: number[], storage: 'f32' | 'compute') =>
    device.runOne('Fill', [], { shape, storage }, { value: 0.5 });
  const matrix = fill([matrixSize, matrixSize], 'compute');
  const values = fill([copiedValues], 'f32');
  const product = {
    ...{ batchA: 1, batchB: 1, m: matrixSize, k: matrixSize, n: matrixSize },
    ...{ transposeA: 0, transposeB: 0, activation: ACTIVATIONS.linear.number },
  };
  await profiler.start();
  for (let round = 0; round <= ROUNDS; round++) {
    profiler.beginStep(round);
    const results = [
      device.runOne(
        'PeakMultiplyAdd',
        [],
        { shape: [parts] },
        { threads: parts, count: multiplyAdds },
      ),
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
