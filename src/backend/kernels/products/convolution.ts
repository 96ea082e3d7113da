import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { fusedNumber } from '../../../activations.js';
import type { KernelCall, KernelRows } from '../row.js';
import { windowParams } from '../window-params.js';

type ConvInfo = backend_util.Conv2DInfo;
type Shape4 = [number, number, number, number];

/** Whether the addon takes these tensors: float32 by label, and none of them empty. */
export function allFloat(tensors: readonly (TensorInfo | undefined)[]): boolean {
  return tensors.every(
    (tensor) => !tensor || (tensor.dtype === 'float32' && !tensor.shape.includes(0)),
  );
}

/**
 * The groups of a filter (kh, kw, inC / groups, outC) over an input of `inChannels`, as in PyTorch;
 * tfjs itself knows one group only.
 */
function groupsOf(inChannels: number, filterShape: readonly number[]): number {
  return inChannels / (filterShape[2] as number);
}

function convolutionParams(info: ConvInfo, groups: number, activation = 0) {
  const { inChannels, outChannels } = info;
  return { ...windowParams(info), inChannels, outChannels, groups, activation };
}

interface ConvAttrs {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dilations?: number | [number, number];
  dataFormat?: string;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  activation?: string;
}

/** The convolution's sizes, or undefined where only the fallback can compute it. */
function convolutionInfo(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvAttrs,
): ConvInfo | undefined {
  if ((attrs.dataFormat ?? 'NHWC') !== 'NHWC') return undefined;
  const info = backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  return info.outShape.some((size) => size <= 0) ? undefined : info;
}

interface ForwardInputs {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
  /** Ours: float32 to which the result is added in place, before the activation. */
  sum?: TensorInfo;
}

function forward({ inputs, attrs, backend }: KernelCall<ForwardInputs, ConvAttrs>) {
  const { x, filter, bias, preluActivationWeights, sum } = inputs;
  const activation = fusedNumber(attrs.activation ?? 'linear', 'product');
  const info = convolutionInfo(x.shape, filter.shape, attrs);
  if (activation === undefined || preluActivationWeights || !info) return undefined;
  if (!allFloat([x, filter, bias]) || !isBias(bias, info.outChannels)) return undefined;
  const params = convolutionParams(info, groupsOf(info.inChannels, filter.shape), activation);
  if (sum) {
    backend.run('FusedConv2D', [x, filter, bias, sum], [], params);
    return backend.view(sum, info.outShape);
  }
  const output = { shape: info.outShape, storage: 'compute' } as const;
  return backend.runOne('FusedConv2D', bias ? [x, filter, bias] : [x, filter], output, params);
}

/** A bias per channel; tfjs lets a fused bias have any shape that broadcasts. */
export function isBias(bias: TensorInfo | undefined, channels: number): boolean {
  return (
    bias === undefined || bias === null || (bias.shape.length === 1 && bias.shape[0] === channels)
  );
}

/** tfjs does not check a gradient's shape: conv2dTranspose passes its caller's on. */
function isOutput(dy: TensorInfo, info: ConvInfo): boolean {
  return util.arraysEqual(dy.shape, info.outShape);
}

interface InputGradInputs {
  dy: TensorInfo;
  filter: TensorInfo;
}

function inputGrad({
  inputs: { dy, filter },
  attrs,
  backend,
}: KernelCall<InputGradInputs, ConvAttrs & { inputShape: number[] }>) {
  const info = convolutionInfo(attrs.inputShape, filter.shape, attrs);
  if (!info || !allFloat([dy, filter]) || !isOutput(dy, info)) return undefined;
  const params = convolutionParams(info, groupsOf(info.inChannels, filter.shape));
  const output = { shape: info.inShape, storage: 'compute' } as const;
  return backend.runOne('Conv2DBackpropInput', [dy, filter], output, params);
}

interface FilterGradInputs {
  x: TensorInfo;
  dy: TensorInfo;
}

function filterGrad({
  inputs: { x, dy },
  attrs,
  backend,
}: KernelCall<FilterGradInputs, ConvAttrs & { filterShape: number[] }>) {
  const info = convolutionInfo(x.shape, attrs.filterShape, attrs);
  if (!info || !allFloat([x, dy]) || !isOutput(dy, info)) return undefined;
  const shape = attrs.filterShape;
  const params = convolutionParams(info, groupsOf(info.inChannels, shape));
  return backend.runOne('Conv2DBackpropFilter', [x, dy], { shape }, params);
}

export const convolutionKernels: KernelRows = {
  Conv2D: forward,
  FusedConv2D: forward,
  Conv2DBackpropInput: inputGrad,
  Conv2DBackpropFilter: filterGrad,
};
