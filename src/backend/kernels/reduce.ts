import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../native-backend.js';
import { runBinary } from './binary.js';
import { allFloat } from './products/convolution.js';
import type { KernelCall, KernelFunction, KernelRows } from './row.js';
import { axesOf } from './strides.js';

type Reduction = 'Sum' | 'Prod' | 'Max' | 'Min';

interface Group {
  size: number;
  reduced: boolean;
}

/** Neighbouring axes that are all kept or all reduced, as one axis; axes of size 1 are left out. */
function groupAxes(shape: readonly number[], axes: readonly number[]): Group[] {
  const groups: Group[] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const reduced = axes.includes(axis);
    const last = groups.at(-1);
    if (last?.reduced === reduced) last.size *= size;
    else groups.push({ size, reduced });
  }
  return groups;
}

const product = (groups: readonly Group[]) => groups.reduce((size, group) => size * group.size, 1);

/** Reduces one group of axes after the other, the last first; the last call divides. */
function reduceAxes(
  backend: NativeBackend,
  kernel: Reduction,
  x: TensorInfo,
  axes: readonly number[],
  options: { keepDims: boolean; mean: boolean },
): TensorInfo {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = options.keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis));
  const groups = groupAxes(x.shape, axes);
  const total = product(groups.filter((group) => group.reduced));
  let result = x;
  for (;;) {
    const at = groups.findLastIndex((group) => group.reduced);
    if (at < 0) break;
    const [{ size }] = groups.splice(at, 1) as [Group];
    const outer = product(groups.slice(0, at));
    const inner = product(groups.slice(at));
    const done = !groups.some((group) => group.reduced);
    const divisor = options.mean && done ? total : 1;
    const output = { shape: done ? shape : [outer * inner] };
    const params = { outer, reduce: size, inner, divisor };
    const next = backend.runOne(kernel, [result], output, params);
    if (result !== x) backend.disposeData(result.dataId);
    result = next;
  }
  return result === x ? backend.view(x, shape) : result;
}

interface ReduceAttrs {
  axis?: number | number[];
  reductionIndices?: number | number[];
  keepDims?: boolean;
}

function reduction(kernel: Reduction, mean = false): KernelFunction {
  return ({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, ReduceAttrs>) => {
    if (!allFloat([x])) return undefined;
    const axes = axesOf(attrs.axis ?? attrs.reductionIndices, x.shape);
    return reduceAxes(backend, kernel, x, axes, { keepDims: attrs.keepDims ?? false, mean });
  };
}

function indexOfMaximum({
  inputs: { x },
  attrs: { axis },
  backend,
}: KernelCall<{ x: TensorInfo }, { axis: number }>): TensorInfo | undefined {
  if (!allFloat([x])) return undefined;
  const [at] = axesOf(axis, x.shape) as [number];
  const outer = util.sizeFromShape(x.shape.slice(0, at));
  const inner = util.sizeFromShape(x.shape.slice(at + 1));
  const output = { shape: x.shape.filter((_, other) => other !== at), dtype: 'int32' } as const;
  const params = { outer, reduce: x.shape[at] as number, inner, divisor: 1 };
  return backend.runOne('ArgMax', [x], output, params);
}

/** Made of other kernels; tfjs lets it run along the last axis only. */
function softmax({
  inputs: { logits },
  attrs: { dim },
  backend,
}: KernelCall<{ logits: TensorInfo }, { dim: number }>): TensorInfo | undefined {
  const last = logits.shape.length - 1;
  if (!allFloat([logits]) || (dim !== -1 && dim !== last)) return undefined;
  const options = { keepDims: true, mean: false };
  const maximum = reduceAxes(backend, 'Max', logits, [last], options);
  const shifted = runBinary(backend, 'Sub', logits, maximum) as TensorInfo;
  const powers = backend.runOne('Exp', [shifted], { shape: logits.shape, storage: 'same' });
  const sum = reduceAxes(backend, 'Sum', powers, [last], options);
  const result = runBinary(backend, 'RealDiv', powers, sum);
  for (const step of [maximum, shifted, powers, sum]) backend.disposeData(step.dataId);
  return result;
}

export const reduceKernels: KernelRows = {
  Sum: reduction('Sum'),
  Mean: reduction('Sum', true),
  Prod: reduction('Prod'),
  Max: reduction('Max'),
  Min: reduction('Min'),
  ArgMax: indexOfMaximum,
  Softmax: softmax,
};
