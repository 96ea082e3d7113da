import type { TensorInfo } from '@tensorflow/tfjs-core';
import { allFloat } from './convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface LossInputs {
  logits: TensorInfo;
  labels: TensorInfo;
}

interface LossAttrs {
  smoothing: number;
  weight: number;
  hits: boolean;
}

function softmaxCrossEntropy({
  inputs: { logits, labels },
  attrs: { smoothing, weight, hits },
  backend,
}: KernelCall<LossInputs, LossAttrs>) {
  if (!allFloat([logits]) || labels.dtype !== 'int32') return undefined;
  const [rows, classes] = logits.shape as [number, number];
  const outputs = [{ shape: [4] }, { shape: logits.shape }];
  const inputs = [logits, labels];
  const params = { rows, classes, hits: Number(hits), smoothing, weight };
  return backend.run('SoftmaxCrossEntropy', inputs, outputs, params);
}

export const lossKernels: KernelRows = { SoftmaxCrossEntropy: softmaxCrossEntropy };
