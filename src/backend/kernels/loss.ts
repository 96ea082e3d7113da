import type { TensorInfo } from '@tensorflow/tfjs-core';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelFunction, KernelRows } from './row.js';

interface LossInputs {
  logits: TensorInfo;
  labels: TensorInfo;
  /** Of mixed images. */
  others?: TensorInfo;
  shares?: TensorInfo;
}

interface LossAttrs {
  smoothing: number;
  weight: number;
  hits: boolean;
}

function crossEntropy(kernel: 'SoftmaxCrossEntropy' | 'SigmoidCrossEntropy'): KernelFunction {
  return ({
    inputs: { logits, labels, others, shares },
    attrs: { smoothing, weight, hits },
    backend,
  }: KernelCall<LossInputs, LossAttrs>) => {
    if (!allFloat([logits]) || labels.dtype !== 'int32') return undefined;
    const [rows, classes] = logits.shape as [number, number];
    const outputs = [{ shape: [4] }, { shape: logits.shape }];
    const mixed = others === undefined || shares === undefined ? [] : [others, shares];
    const params = { rows, classes, hits: Number(hits), smoothing, weight };
    return backend.run(kernel, [logits, labels, ...mixed], outputs, params);
  };
}

export const lossKernels: KernelRows = {
  SoftmaxCrossEntropy: crossEntropy('SoftmaxCrossEntropy'),
  SigmoidCrossEntropy: crossEntropy('SigmoidCrossEntropy'),
};
