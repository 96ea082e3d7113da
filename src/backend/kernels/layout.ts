import { backend_util, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { NativeBackend, Output } from '../native-backend.js';
import type { KernelCall, KernelRows } from './row.js';
import { axesOf, mergeAxes, rowMajor } from './strides.js';

type DeviceType = NonNullable<Output['dtype']>;

/** Whether the addon holds these: numbers of any type, and no tensor is empty. */
function onDevice(...tensors: readonly TensorInfo[]): boolean {
  return tensors.every(({ dtype, shape }) => isDeviceType(dtype) && !shape.includes(0));
}

function isDeviceType(dtype: string): dtype is DeviceType {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}

/** An output stored like `x`. */
function like(x: TensorInfo, shape: readonly number[]): Output {
  return { shape, dtype: x.dtype as DeviceType, storage: 'same' };
}

/** Joins rows of tensors that all hold `outer` of them. */
function joinRows(
  backend: NativeBackend,
  tensors: readonly TensorInfo[],
  outer: number,
  shape: readonly number[],
): TensorInfo {
  const storages = new Set(tensors.map((tensor) => backend.storageOf(tensor)));
  const copies: TensorInfo[] = [];
  const inputs = tensors.map((tensor) => {
    if (storages.size === 1 || backend.storageOf(tensor) !== 'bf16') return tensor;
    const copy = backend.runOne('Cast', [tensor], { shape: tensor.shape });
    copies.push(copy);
    return copy;
  });
  const sizes = inputs.map((tensor) => util.sizeFromShape(tensor.shape) / outer);
  const result = backend.runOne('Concat', inputs, like(inputs[0] as TensorInfo, shape), { sizes });
  for (const copy of copies) backend.disposeData(copy.dataId);
  return result;
}

function sameDeviceType(tensors: readonly TensorInfo[]): boolean {
  return onDevice(...tensors) && tensors.every(({ dtype }) => dtype === tensors[0]?.dtype);
}

function concat({ inputs, attrs, backend }: KernelCall<TensorInfo[], { axis: number }>) {
  const first = inputs[0] as TensorInfo;
  const shapes = inputs.map((tensor) => tensor.shape);
  const [axis] = axesOf(attrs.axis, first.shape) as [number];
  backend_util.assertParamsConsistent(shapes, axis);
  const filled = inputs.filter((tensor) => !tensor.shape.includes(0));
  if (filled.length === 0 || !sameDeviceType(filled)) return undefined;
  const shape = backend_util.computeOutShape(shapes, axis);
  if (filled.length === 1) return backend.view(filled[0] as TensorInfo, shape);
  return joinRows(backend, filled, util.sizeFromShape(shape.slice(0, axis)), shape);
}

function pack({ inputs, attrs, backend }: KernelCall<TensorInfo[], { axis: number }>) {
  const { shape } = inputs[0] as TensorInfo;
  if (!sameDeviceType(inputs)) return undefined;
  if (!inputs.every((tensor) => util.arraysEqual(tensor.shape, shape))) return undefined;
  const axis = attrs.axis < 0 ? attrs.axis + shape.length + 1 : attrs.axis;
  const packed = [...shape.slice(0, axis), inputs.length, ...shape.slice(axis)];
  return joinRows(backend, inputs, util.sizeFromShape(shape.slice(0, axis)), packed);
}

/** Cuts x along an axis into pieces of the shapes given. */
function splitRows(
  backend: NativeBackend,
  x: TensorInfo,
  axis: number,
  shapes: readonly (readonly number[])[],
): TensorInfo[] {
  const outer = util.sizeFromShape(x.shape.slice(0, axis));
  const sizes = shapes.map((shape) => util.sizeFromShape([...shape]) / outer);
  const outputs = shapes.map((shape) => like(x, shape));
  return backend.run('SplitV', [x], outputs, { sizes });
}

type SplitAttrs = { numOrSizeSplits: number | number[]; axis: number };

function splitV({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, SplitAttrs>) {
  const [axis] = axesOf(attrs.axis, x.shape) as [number];
  const sizes = backend_util.prepareSplitSize(x as never, attrs.numOrSizeSplits, axis);
  if (!onDevice(x) || sizes.includes(0)) return undefined;
  const shapes = sizes.map((size) => x.shape.with(axis, size));
  return splitRows(backend, x, axis, shapes);
}

function unpack({
  inputs: { value },
  attrs,
  backend,
}: KernelCall<{ value: TensorInfo }, { axis: number }>) {
  if (!onDevice(value)) return undefined;
  const { shape } = value;
  const axis = attrs.axis < 0 ? attrs.axis + shape.length : attrs.axis;
  const piece = shape.filter((_, other) => other !== axis);
  return splitRows(backend, value, axis, new Array(shape[axis]).fill(piece));
}

/** Copies elements at distances of `strides`, the first at `offset`. */
function copyStrided(
  backend: NativeBackend,
  x: TensorInfo,
  shape: readonly number[],
  walk: { shape: readonly number[]; strides: readonly number[]; offset: number },
): TensorInfo | undefined {
  const merged = mergeAxes(walk.shape, walk.strides);
  if (merged === undefined || shape.includes(0)) return undefined;
  const { sizes, strides } = merged;
  const params = { rank: sizes.length, offset: walk.offset, sizes, strides: strides[0] };
  return backend.runOne('StridedCopy', [x], like(x, shape), params);
}

type SliceAttrs = { begin: number | number[]; size: number | number[] };

function slice({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, SliceAttrs>) {
  const [begin, shape] = slice_util.parseSliceParams(x, attrs.begin, attrs.size) as [
    number[],
    number[],
  ];
  slice_util.assertParamsValid(x, begin, shape);
  if (!onDevice(x)) return undefined;
  const strides = rowMajor(x.shape);
  const offset = begin.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0);
  return copyStrided(backend, x, shape, { shape, strides, offset });
}

function tile({
  inputs: { x },
  attrs,
  backend,
}: KernelCall<{ x: TensorInfo }, { reps: number[] }>) {
  if (!onDevice(x)) return undefined;
  const { reps } = attrs;
  const shape = x.shape.map((size, axis) => size * (reps[axis] as number));
  // Every axis is two: the repetition and the axis itself.
  const strides = rowMajor(x.shape).flatMap((stride) => [0, stride]);
  const walked = x.shape.flatMap((size, axis) => [reps[axis] as number, size]);
  return copyStrided(backend, x, shape, { shape: walked, strides, offset: 0 });
}

function transpose({
  inputs: { x },
  attrs: { perm },
  backend,
}: KernelCall<{ x: TensorInfo }, { perm: number[] }>) {
  if (!onDevice(x)) return undefined;
  const inStrides = rowMajor(x.shape);
  const shape = perm.map((axis) => x.shape[axis] as number);
  const strides = perm.map((axis) => inStrides[axis] as number);
  return copyStrided(backend, x, shape, { shape, strides, offset: 0 });
}

type PadAttrs = { paddings: [number, number][]; constantValue: number };

function pad({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, PadAttrs>) {
  const { paddings, constantValue } = attrs;
  if (!onDevice(x) || x.shape.length === 0) return undefined;
  const shape: number[] = [];
  const merged = { outSizes: [] as number[], before: [] as number[], inSizes: [] as number[] };
  for (const [axis, size] of x.shape.entries()) {
    const [before, after] = paddings[axis] as [number, number];
    const padded = before + size + after;
    shape.push(padded);
    const last = merged.outSizes.length - 1;
    if (last >= 0 && padded === size) {
      // An axis without padding is part of the one before it.
      for (const sizes of Object.values(merged)) sizes[last] = (sizes[last] as number) * size;
    } else {
      merged.outSizes.push(padded);
      merged.before.push(before);
      merged.inSizes.push(size);
    }
  }
  const params = { rank: merged.outSizes.length, value: constantValue, ...merged };
  return backend.runOne('PadV2', [x], like(x, shape), params);
}

/** Larger whole numbers are not exact in the float that the addon receives. */
const EXACT = 2 ** 24;

function filled(
  backend: NativeBackend,
  shape: number[],
  dtype: string,
  value: number,
): TensorInfo | undefined {
  if (!isDeviceType(dtype) || shape.includes(0)) return undefined;
  if (dtype !== 'float32' && !(Number.isInteger(value) && Math.abs(value) <= EXACT)) {
    return undefined;
  }
  return backend.runOne('Fill', [], { shape, dtype }, { value });
}

type FillAttrs = { shape: number[]; value: number; dtype?: string };

function fill({ attrs: { shape, value, dtype }, backend }: KernelCall<object, FillAttrs>) {
  return filled(backend, shape, dtype ?? util.inferDtype(value), value);
}

function cast({ inputs: { x }, attrs: { dtype }, backend }: KernelCall) {
  if (dtype === x.dtype) return backend.view(x, x.shape);
  if (!onDevice(x) || !isDeviceType(dtype)) return undefined;
  return backend.runOne('Cast', [x], { shape: x.shape, dtype });
}

type StoreAttrs = { storage: 'f32' | 'compute' };

/** Ours: the values of x, stored as float32 or as the precision says. */
function store({ inputs: { x }, attrs, backend }: KernelCall<{ x: TensorInfo }, StoreAttrs>) {
  const wanted = attrs.storage === 'f32' ? 'f32' : backend.precision;
  if (backend.storageOf(x) === wanted) return backend.view(x, x.shape);
  return backend.runOne('Cast', [x], { shape: x.shape, storage: attrs.storage });
}

export const layoutKernels: KernelRows = {
  Concat: concat,
  Pack: pack,
  SplitV: splitV,
  Unpack: unpack,
  Slice: slice,
  Tile: tile,
  Transpose: transpose,
  PadV2: pad,
  Fill: fill,
  ZerosLike: ({ inputs: { x }, backend }) => filled(backend, x.shape, x.dtype, 0),
  OnesLike: ({ inputs: { x }, backend }) => filled(backend, x.shape, x.dtype, 1),
  Cast: cast,
  Store: store,
};
