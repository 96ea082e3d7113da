/**
 * The vocabulary in which the networks are written: each function adds layers to a graph and names
 * them.
 */
import { input, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { LayerActivation } from '../activations.js';
import { UsageError } from '../errors.js';
import type { BuildOptions } from './architecture.js';
import { constant, he, type Initialiser } from './blocks/initialisers.js';
import { denseSize } from './dense-evaluation/dense-form.js';
import {
  AdaptiveAveragePooling2D,
  BatchNormalization,
  BorderedChannels,
  GroupConv2D,
  type Half,
  JoinedChannels,
  LocalResponseNormalization,
  OwnChannels,
  PartialConv2D,
  ScaledTanh,
  Subsampling2D,
} from './layers/index.js';
import { sharedLayer, sizeOption } from './other-size.js';

export interface Initialisers {
  kernelInitializer: Initialiser;
  /** Zeros where it is left out. */
  biasInitializer?: Initialiser;
}

/** A batch of images (N, size, size, channels), or in the dense form of any size. */
export function image({ size, channels }: BuildOptions): SymbolicTensor {
  const { height = size, width = size } = denseSize() ?? {};
  return input({ shape: [height, width, channels], name: 'image' });
}

export interface Convolution extends Initialisers {
  name: string;
  filters: number;
  kernel: number;
  stride?: number;
  /** Zeros on each side. */
  pad?: number;
  groups?: number;
  /** False before batch normalisation, whose beta takes its place. */
  bias?: boolean;
  activation?: LayerActivation;
}

/** A square convolution with bias and activation. */
export function convolution(x: SymbolicTensor, settings: Convolution): SymbolicTensor {
  const {
    name,
    filters,
    kernel,
    stride = 1,
    pad = 0,
    groups = 1,
    bias = true,
    activation = 'linear',
  } = settings;
  const same = stride === 1 && pad > 0 && 2 * pad === kernel - 1;
  const padded = same || pad === 0 ? x : zeroPadding(x, `${name}_pad`, pad);
  const { kernelInitializer, biasInitializer = constant(0) } = settings;
  const options = {
    name,
    filters,
    kernelSize: kernel,
    strides: stride,
    padding: same ? ('same' as const) : ('valid' as const),
    activation,
    useBias: bias,
    kernelInitializer,
    biasInitializer,
  };
  if (groups === 1) return apply(layers.conv2d(options), padded);
  return apply(new GroupConv2D({ ...options, groups }), padded);
}

export interface HeConvolution {
  name: string;
  filters: number;
  kernel: number;
  stride?: number;
  seed: number;
}

/**
 * A convolution without bias, padded by half its kernel, with the initial weights of He et al.,
 * 2015: for use with batch normalisation.
 */
export function heConvolution(x: SymbolicTensor, { seed, ...settings }: HeConvolution) {
  const { name, kernel, filters } = settings;
  const kernelInitializer = he(kernel ** 2 * filters, seed, `${name}/kernel`);
  return convolution(x, { ...settings, pad: (kernel - 1) / 2, bias: false, kernelInitializer });
}

export interface PartialConvolution extends Initialisers {
  name: string;
  /** The input maps that each output map sees. */
  connections: number[][];
  kernel: number;
}

/** A square convolution whose output maps see some of the input maps each. */
export function partialConvolution(
  x: SymbolicTensor,
  { kernel, ...settings }: PartialConvolution,
): SymbolicTensor {
  return apply(new PartialConv2D({ ...settings, kernelSize: [kernel, kernel] }), x);
}

/** Zeros around the image: the same number on each side, or [[top, bottom], [left, right]]. */
export function zeroPadding(x: SymbolicTensor, name: string, padding: number | Sides) {
  return apply(layers.zeroPadding2d({ name, padding }), x);
}

type Sides = [[number, number], [number, number]];

/** `count` maps of zeros after those of `x`. */
export function padChannels(x: SymbolicTensor, name: string, count: number): SymbolicTensor {
  // The last two axes, which tf.layers takes for height and width, are width and channels here.
  const padding: Sides = [
    [0, 0],
    [0, count],
  ];
  return apply(layers.zeroPadding2d({ name, padding, dataFormat: 'channelsFirst' }), x);
}

export interface Edges {
  /** Rows and columns of padding on each side, smaller than any value. */
  pad?: number;
  /** The last window may extend beyond the edge if it starts before it (PyTorch's ceil_mode). */
  ceil?: boolean;
}

/**
 * The greatest of each window. Padding is zeros, so `x` must not be negative where there is any:
 * after ReLU, another such pooling or a concatenation of those.
 */
export function maxPool(
  x: SymbolicTensor,
  name: string,
  size: number,
  stride: number,
  { pad = 0, ceil = false }: Edges = {},
): SymbolicTensor {
  const same = stride === 1 && pad > 0 && 2 * pad === size - 1;
  const padding = same ? ('same' as const) : ('valid' as const);
  const sides = [x.shape[1], x.shape[2]].map((length): [number, number] => {
    if (same) return [0, 0];
    const over = ceil ? overhang((length ?? 0) + 2 * pad, size, stride, pad) : 0;
    return [pad, pad + over];
  }) as Sides;
  const padded = sides.flat().some(Boolean) ? zeroPadding(x, `${name}_pad`, sides) : x;
  return apply(layers.maxPooling2d({ name, poolSize: size, strides: stride, padding }), padded);
}

/** How far the last window extends beyond the edge of `length`, which includes the padding. */
function overhang(length: number, size: number, stride: number, pad: number): number {
  const last = Math.ceil((length - size) / stride) * stride;
  return last < length - pad ? Math.max(0, last + size - length) : 0;
}

/** The mean of each window. */
export function averagePool(x: SymbolicTensor, name: string, size: number, stride: number) {
  return apply(layers.averagePooling2d({ name, poolSize: size, strides: stride }), x);
}

export interface Subsampling {
  name: string;
  size: number;
  coefficientInitializer: Initialiser;
  biasInitializer: Initialiser;
}

/** The sum of each size × size window, scaled and shifted by two trained values of its map. */
export function subsampling(x: SymbolicTensor, { size, ...settings }: Subsampling) {
  return apply(new Subsampling2D({ ...settings, poolSize: size }), x);
}

/** The mean of each map: (N, H, W, C) as (N, C). */
export function globalAveragePool(x: SymbolicTensor, name: string): SymbolicTensor {
  const poolSize = denseSize()?.form.window(name);
  if (poolSize) return apply(layers.averagePooling2d({ name, poolSize, strides: 1 }), x);
  return apply(layers.globalAveragePooling2d({ name }), x);
}

/**
 * Means of size × size windows that cover the image, as in PyTorch; nothing where it has that size.
 */
export function adaptiveAveragePool(x: SymbolicTensor, name: string, size: number) {
  const dense = denseSize();
  dense?.form.checkUnresized(name);
  if (dense !== undefined) return x;
  if (x.shape[1] === size && x.shape[2] === size) return x;
  return apply(new AdaptiveAveragePooling2D({ name, outputSize: [size, size] }), x);
}

export interface Normalisation {
  name: string;
  /** The share of the running statistics that a step keeps: 0.9 is PyTorch's 0.1. */
  momentum?: number;
  epsilon?: number;
  /** The running variance divides by n - 1 and not by n. */
  unbiased?: boolean;
}

/** Batch normalisation; Ioffe and Szegedy, 2015, algorithms 1 and 2, with Torch's constants. */
export function batchNorm(x: SymbolicTensor, settings: Normalisation): SymbolicTensor {
  const defaults = { momentum: 0.9, epsilon: 1e-5, unbiased: true };
  return apply(new BatchNormalization({ ...defaults, ...settings }), x);
}

export function relu(x: SymbolicTensor, name: string): SymbolicTensor {
  return apply(layers.activation({ name, activation: 'relu' }), x);
}

/** 1.7159 tanh(2x/3). */
export function scaledTanh(x: SymbolicTensor, name: string): SymbolicTensor {
  return apply(new ScaledTanh({ name }), x);
}

/** The sum of tensors of one shape. */
export function add(xs: SymbolicTensor[], name: string): SymbolicTensor {
  return apply(layers.add({ name }), xs);
}

/** The channels of all inputs, concatenated. */
export function concat(xs: SymbolicTensor[], name: string): SymbolicTensor {
  return apply(layers.concatenate({ name, axis: -1 }), xs);
}

const LRN_RADIUS = 2;

/** AlexNet's normalisation over five channels with the paper's constants (section 3.3). */
export function localResponse(x: SymbolicTensor, name: string): SymbolicTensor {
  const constants = { depthRadius: LRN_RADIUS, bias: 2, alpha: 1e-4, beta: 0.75 };
  return apply(new LocalResponseNormalization({ name, ...constants }), x);
}

/** The same of one half of the channels, with those of the other half that are within reach. */
export function localResponseOfHalf(x: SymbolicTensor, name: string, half: Half): SymbolicTensor {
  const width = LRN_RADIUS;
  const bordered = apply(new BorderedChannels({ name: `${name}_bordered`, half, width }), x);
  const normalised = localResponse(bordered, name);
  return apply(new OwnChannels({ name: `${name}_own`, half, width }), normalised);
}

/** The channels of both halves; `alike` where what reads them is not divided. */
export function joinHalves(x: SymbolicTensor, name: string, half: Half, alike = false) {
  return apply(new JoinedChannels({ name, half, alike }), x);
}

/** (N, H, W, C) as (N, H × W × C). */
export function flatten(x: SymbolicTensor, name = 'flatten'): SymbolicTensor {
  if (denseSize() !== undefined) return x;
  return apply(layers.flatten({ name }), x);
}

export interface Dense extends Initialisers {
  name: string;
  units: number;
  activation?: LayerActivation;
}

/** A fully connected layer with bias and activation. */
export function dense(x: SymbolicTensor, settings: Dense): SymbolicTensor {
  const size = denseSize();
  if (size !== undefined) return size.form.dense(x, settings.name);
  return apply(layers.dense(settings), x);
}

/** In training, sets a share of the values to zero and scales up the others. */
export function dropout(x: SymbolicTensor, name: string, rate: number): SymbolicTensor {
  return apply(layers.dropout({ name, rate }), x);
}

/** The length of the last axis. */
export function channelsOf(x: SymbolicTensor): number {
  return x.shape.at(-1) ?? 0;
}

/** Adds a layer to the graph; throws a UsageError if nothing would be left of the image. */
function apply(layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  const given = Array.isArray(x) ? x.map(({ shape }) => shape) : x.shape;
  const first = [x].flat()[0] as SymbolicTensor;
  const shape = layer.computeOutputShape(given) as (number | null)[];
  if (shape.some((length) => length !== null && length < 1)) {
    const before = describe(first.shape);
    const option = sizeOption();
    throw new UsageError(
      `Expected ${option === '--input-size' ? 'an' : 'a'} ${option} at which every layer has an output, but layer "${layer.name}" would turn ${before} into ${describe(shape)}: choose a larger one`,
    );
  }
  const used = denseSize()?.form.layer(layer) ?? sharedLayer(layer, first) ?? layer;
  return used.apply(x) as SymbolicTensor;
}

function describe(shape: readonly (number | null)[]): string {
  return shape.slice(1).join('×');
}
