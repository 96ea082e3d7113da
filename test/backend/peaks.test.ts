/** How much work the peaks of a device are measured with. */
import assert from 'node:assert/strict';
import { measurePeaks } from '../../src/backend/kernels/peaks.js';
import type { Profiler } from '../../src/backend/profiler.js';

interface Call {
  readonly kernel: string;
  readonly shape: readonly number[];
  readonly parameters: { readonly threads: number; readonly count: number; readonly m: number };
}

/** The work on a device that computes nothing: 0 bytes of memory are a processor's. */
async function workOn(memoryBytes: number) {
  const calls: Call[] = [];
  const device = {
    threads: 3,
    queue: { memoryBytes, trim: () => {} },
    runOne: (kernel: string, _: object, { shape }: Call, parameters: Call['parameters']) => {
      calls.push({ kernel, shape, parameters });
      return { dataId: {}, shape };
    },
    run: () => [],
    disposeData: () => true,
  };
  const profiler = { device, start: async () => {}, beginStep: () => {}, stop: async () => [] };
  await measurePeaks(profiler as unknown as Profiler);
  const of = (wanted: string) => calls.find(({ kernel }) => kernel === wanted) ?? assert.fail();
  const { threads, count } = of('PeakMultiplyAdd').parameters;
  return {
    multiplyAdds: threads * count,
    matrixSize: of('BatchMatMul').parameters.m,
    copiedBytes: 4 * (of('PeakCopy').shape[0] as number),
  };
}

describe('the peaks of a device', () => {
  const earlier = process.env['CNN_CUDA_EMULATED'];
  afterEach(() => {
    if (earlier === undefined) delete process.env['CNN_CUDA_EMULATED'];
    else process.env['CNN_CUDA_EMULATED'] = earlier;
  });

  it('are measured on each thread of a processor', async () => {
    const { multiplyAdds, matrixSize, copiedBytes } = await workOn(0);
    assert.equal(multiplyAdds, 3 * (192 << 22));
    assert.equal(matrixSize, 2048);
    assert.equal(copiedBytes, 64 << 20);
  });

  it('are measured for milliseconds of a GPU', async () => {
    delete process.env['CNN_CUDA_EMULATED'];
    const { multiplyAdds, matrixSize, copiedBytes } = await workOn(80 * 2 ** 30);
    // At 100 TFLOP/s, at 1000 TFLOP/s, and of 4 TB/s.
    assert.ok((2 * multiplyAdds) / 100e12 > 1e-3);
    assert.ok((2 * matrixSize ** 3) / 1000e12 > 1e-3);
    assert.ok((2 * copiedBytes) / 4e12 > 0.2e-3 && copiedBytes > 4 * (128 << 20) - 1);
  });

  it('take no time of an emulated GPU', async () => {
    process.env['CNN_CUDA_EMULATED'] = '1';
    const { multiplyAdds, matrixSize, copiedBytes } = await workOn(8 * 2 ** 30);
    assert.ok(multiplyAdds < 1e6 && matrixSize ** 3 < 1e7 && copiedBytes < 1e7);
  });
});
