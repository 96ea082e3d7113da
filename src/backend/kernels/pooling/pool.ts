import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { MAX_POOL_FILTER } from '../../addon.js';
import { allFloat } from '../products/convolution.js';
import type { KernelCall, KernelRows } from '../row.js';
import { windowParams } from '../window-params.js';

interface PoolAttrs {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The window's sizes, or undefined where only the fallback can compute it. */
function poolInfo(x: TensorInfo, attrs: PoolAttrs): backend_util.Conv2DInfo | undefined {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const shape = x.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  if (Math.max(info.filterHeight, info.filterWidth) > MAX_POOL_FILTER) return undefined;
  return info.outShape.some((size) => size <= 0) || leavesImage(info) ? undefined : info;
}

/** Whether a window has nothing but padding, of which there is no maximum and no mean. */
function leavesImage({ padInfo, ...info }: backend_util.Conv2DInfo): boolean {
  const { inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth } = info;
  return (
    padInfo.top >= info.effectiveFilterHeight ||
    padInfo.left >= info.effectiveFilterWidth ||
    (outHeight - 1) * strideHeight - padInfo.top >= inHeight ||
    (outWidth - 1) * strideWidth - padInfo.left >= inWidth
  );
}

function poolParams(info: backend_util.Conv2DInfo) {
  return { ...windowParams(info), channels: info.inChannels };
}

function forward(kernel: 'MaxPool' | 'AvgPool') {
  return ({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, PoolAttrs>) => {
    const info = poolInfo(x, attrs);
    if (!info || !allFloat([x])) return undefined;
    const single = info.filterHeight * info.filterWidth === 1;
    if (single && util.arraysEqual(info.inShape, info.outShape)) return backend.view(x, x.shape);
    return backend.runOne(kernel, [x], { shape: info.outShape, storage: 'same' }, poolParams(info));
  };
}

interface MaxGradInputs {
  dy: TensorInfo;
  input: TensorInfo;
  output: TensorInfo;
}

function maxPoolGrad({ inputs, attrs, backend }: KernelCall<MaxGradInputs, PoolAttrs>) {
  const { dy, input, output } = inputs;
  const info = poolInfo(input, attrs);
  if (!info || !allFloat([dy, input, output])) return undefined;
  const sizes = [dy.shape, output.shape].every((shape) => util.arraysEqual(shape, info.outShape));
  if (!sizes || backend.storageOf(input) !== backend.storageOf(output)) return undefined;
  const result = { shape: input.shape, storage: 'same' } as const;
  return backend.runOne('MaxPoolGrad', [dy, input, output], result, poolParams(info));
}

interface AverageGradInputs {
  dy: TensorInfo;
  input: TensorInfo;
}

function averagePoolGrad({ inputs, attrs, backend }: KernelCall<AverageGradInputs, PoolAttrs>) {
  const { dy, input } = inputs;
  const info = poolInfo(input, attrs);
  if (!info || !allFloat([dy]) || !util.arraysEqual(dy.shape, info.outShape)) return undefined;
  const result = { shape: input.shape, storage: 'same' } as const;
  return backend.runOne('AvgPoolGrad', [dy], result, poolParams(info));
}

export const poolKernels: KernelRows = {
  MaxPool: forward('MaxPool'),
  AvgPool: forward('AvgPool'),
  MaxPoolGrad: maxPoolGrad,
  AvgPoolGrad: averagePoolGrad,
};
