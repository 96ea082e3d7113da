import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeKernel, ParametersOf } from '../parameters.js';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelFunction, KernelRows } from './row.js';

type Attributes<K extends NativeKernel> = Partial<ParametersOf<K>>;

/** What an optimizer's call does not say. */
const PLAIN = { gradientScale: 1, nesterov: 0, caffe: 0 };

/**
 * Inputs [w0, state of w0…, g0, w1, …], and perhaps a last one of one element, the factor of all
 * gradients; weights and state change in place.
 */
function optimizer(kernel: 'Sgd' | 'RmsProp' | 'Lars' | 'AdamW' | 'Lamb'): KernelFunction {
  return ({ inputs, attrs, backend }: KernelCall<TensorInfo[], Attributes<typeof kernel>>) => {
    if (!allFloat(inputs)) return undefined;
    const flags = Object.fromEntries(
      Object.entries(attrs).map(([key, value]) => [
        key,
        typeof value === 'boolean' ? Number(value) : value,
      ]),
    );
    return backend.run(kernel, inputs, [], { ...PLAIN, ...flags } as never);
  };
}

/** Inputs are gradients; the result has one element, their factor. */
function gradientClip({
  inputs,
  attrs: { maxNorm, gradientScale },
  backend,
}: KernelCall<TensorInfo[], ParametersOf<'GradientClip'>>) {
  if (!allFloat(inputs)) return undefined;
  return backend.runOne('GradientClip', inputs, { shape: [1] }, { maxNorm, gradientScale });
}

/** Inputs [to0, from0, to1, …]; those added to change in place. */
function accumulate({
  inputs,
  attrs: { keep, share },
  backend,
}: KernelCall<TensorInfo[], ParametersOf<'Accumulate'>>) {
  if (!allFloat(inputs)) return undefined;
  return backend.run('Accumulate', inputs, [], { keep, share });
}

export const optimizerKernels: KernelRows = {
  Sgd: optimizer('Sgd'),
  RmsProp: optimizer('RmsProp'),
  Lars: optimizer('Lars'),
  AdamW: optimizer('AdamW'),
  Lamb: optimizer('Lamb'),
  GradientClip: gradientClip,
  Accumulate: accumulate,
};
