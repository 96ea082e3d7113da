/** The words in which the networks are written: each adds layers to a graph and names them. */
import { input, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { UsageError } from '../errors.js';
import type { BuildOptions } from './architecture.js';
import type { Initialiser } from './initialisers.js';
import { GroupConv2D, LocalResponseNormalization } from './layers.js';

export type Activation = 'linear' | 'relu' | 'tanh';

export interface Initialisers {
  kernelInitializer: Initialiser;
  biasInitializer: Initialiser;
}

/** A batch of images (N, size, size, channels). */
export function image({ size, channels }: BuildOptions): SymbolicTensor {
  return input({ shape: [size, size, channels], name: 'image' });
}

export interface Convolution extends Initialisers {
  name: string;
  filters: number;
  kernel: number;
  stride?: number;
  /** Zeros on each side. */
  pad?: number;
  groups?: number;
  activation?: Activation;
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
    activation = 'linear',
  } = settings;
  const same = stride === 1 && pad > 0 && 2 * pad === kernel - 1;
  const padded = same || pad === 0 ? x : zeroPadding(x, `${name}_pad`, pad);
  const { kernelInitializer, biasInitializer } = settings;
  const options = {
    name,
    filters,
    kernelSize: kernel,
    strides: stride,
    padding: same ? ('same' as const) : ('valid' as const),
    activation,
    kernelInitializer,
    biasInitializer,
  };
  if (groups === 1) return apply(layers.conv2d(options), padded);
  return apply(new GroupConv2D({ ...options, groups }), padded);
}

/** Zeros on each side of height and width. */
export function zeroPadding(x: SymbolicTensor, name: string, pad: number): SymbolicTensor {
  return apply(layers.zeroPadding2d({ name, padding: pad }), x);
}

/** The greatest of each window. */
export function maxPool(x: SymbolicTensor, name: string, size: number, stride: number) {
  return apply(layers.maxPooling2d({ name, poolSize: size, strides: stride }), x);
}

/** The mean of each window. */
export function averagePool(x: SymbolicTensor, name: string, size: number, stride: number) {
  return apply(layers.averagePooling2d({ name, poolSize: size, strides: stride }), x);
}

/** AlexNet's normalisation over five channels with the paper's constants (section 3.3). */
export function localResponse(x: SymbolicTensor, name: string): SymbolicTensor {
  const constants = { depthRadius: 2, bias: 2, alpha: 1e-4, beta: 0.75 };
  return apply(new LocalResponseNormalization({ name, ...constants }), x);
}

/** (N, H, W, C) as (N, H × W × C). */
export function flatten(x: SymbolicTensor): SymbolicTensor {
  return apply(layers.flatten({ name: 'flatten' }), x);
}

export interface Dense extends Initialisers {
  name: string;
  units: number;
  activation?: Activation;
}

/** A fully connected layer with bias and activation. */
export function dense(x: SymbolicTensor, settings: Dense): SymbolicTensor {
  return apply(layers.dense(settings), x);
}

/** Zeroes a share of the values in training and scales the others up. */
export function dropout(x: SymbolicTensor, name: string, rate: number): SymbolicTensor {
  return apply(layers.dropout({ name, rate }), x);
}

/** The length of the last axis. */
export function channelsOf(x: SymbolicTensor): number {
  return x.shape.at(-1) ?? 0;
}

function apply(layer: layers.Layer, x: SymbolicTensor): SymbolicTensor {
  const shape = layer.computeOutputShape(x.shape) as (number | null)[];
  if (shape.some((length) => length !== null && length < 1)) {
    throw new UsageError(
      `Expected an --input-size at which every layer has an output, but layer "${layer.name}" would turn ${describe(x.shape)} into ${describe(shape)}: choose a larger one`,
    );
  }
  return layer.apply(x) as SymbolicTensor;
}

function describe(shape: readonly (number | null)[]): string {
  return shape.slice(1).join('×');
}
