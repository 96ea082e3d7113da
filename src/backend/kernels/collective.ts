import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface StartAttrs {
  step: number;
  narrow: boolean;
}

/** The values of all inputs one after the other, which are being summed over all processes. */
function allReduceStart({ inputs, attrs, backend }: KernelCall<TensorInfo[], StartAttrs>) {
  if (!allFloat(inputs)) return undefined;
  const values = inputs.reduce((sum, { shape }) => sum + util.sizeFromShape(shape), 0);
  const params = { step: attrs.step, narrow: Number(attrs.narrow) };
  return backend.runOne('AllReduceStart', inputs, { shape: [values] }, params);
}

interface GatherAttrs {
  step: number;
  processes: number;
}

interface WaitAttrs {
  /** Of the tensors that the sums are divided among. */
  shapes: readonly (readonly number[])[];
  /** Images of the batch of all processes. */
  images: number;
}

/** Inputs [sums], or [sums, counters] where they are divided by the share of labels that count. */
function allReduceWait({ inputs, attrs, backend }: KernelCall<TensorInfo[], WaitAttrs>) {
  if (!allFloat(inputs)) return undefined;
  const outputs = attrs.shapes.map((shape) => ({ shape }));
  return backend.run('AllReduceWait', inputs, outputs, { images: attrs.images });
}

/** The values of each process: those of the first in the first result. */
function allGather({ inputs, attrs, backend }: KernelCall<TensorInfo[], GatherAttrs>) {
  if (!allFloat(inputs)) return undefined;
  const [{ shape }] = inputs as [TensorInfo];
  const outputs = Array.from({ length: attrs.processes }, () => ({
    shape,
    storage: 'same' as const,
  }));
  return backend.run('AllGather', inputs, outputs, { step: attrs.step });
}

export const collectiveKernels: KernelRows = {
  AllReduceStart: allReduceStart,
  AllReduceWait: allReduceWait,
  AllGather: allGather,
};
