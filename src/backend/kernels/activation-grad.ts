import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { ACTIVATIONS, type Activation } from '../../activations.js';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelRows } from './row.js';

interface GradInputs {
  dy: TensorInfo;
  y: TensorInfo;
}

interface GradAttrs {
  activation: Activation;
  bias: boolean;
}

function biasActivationGrad({
  inputs: { dy, y },
  attrs: { activation, bias },
  backend,
}: KernelCall<GradInputs, GradAttrs>) {
  if (!allFloat([dy, y])) return undefined;
  const channels = dy.shape.at(-1) ?? 1;
  const biasGradient = bias ? [{ shape: [channels] }] : [];
  const rows = util.sizeFromShape(dy.shape) / channels;
  const params = { rows, channels, activation: ACTIVATIONS[activation].number, bias: Number(bias) };
  if (activation !== 'linear') {
    const dz = { shape: dy.shape, storage: 'same' } as const;
    return backend.run('BiasActivationGrad', [dy, y], [dz, ...biasGradient], params);
  }
  // dz is dy itself.
  const sums = bias ? backend.run('BiasActivationGrad', [dy], biasGradient, params) : [];
  return [backend.view(dy, dy.shape), ...sums];
}

export const activationGradKernels: KernelRows = { BiasActivationGrad: biasActivationGrad };
