import type { TensorInfo } from '@tensorflow/tfjs-core';
import { allFloat } from './convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface LossInputs {
  logits: TensorInfo;
  labels: TensorInfo;
}

function softmaxCrossEntropy({
  inputs: { logits, labels },
  attrs: { smoothing },
  backend,
}: KernelCall<LossInputs, { smoothing: number }>) {
  if (!allFloat([logits]) || labels.dtype !== 'int32') return undefined;
  const [rows, classes] = logits.shape as [number, number];
  const outputs = [{ shape: [4] }, { shape: logits.shape }];
  const inputs = [logits, labels];
  return backend.run('SoftmaxCrossEntropy', inputs, outputs, [rows, classes], [smoothing]);
}

export const lossKernels: KernelRows = { SoftmaxCrossEntropy: softmaxCrossEntropy };
