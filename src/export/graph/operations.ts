/**
 * A network as it is run after training: few operations, on images (N, H, W, C), that the writers of
 * all formats take. Kernels are (height, width, inputs, outputs) or (inputs, outputs).
 */
import type { Activation } from '../../activations.js';
import type { Padding } from '../../network/rules/rule.js';

/** Numbers of the network; they are made when they are read, so that few are in memory at once. */
export interface Constant {
  readonly shape: readonly number[];
  read(): Float32Array;
}

type Pair = readonly [number, number];
/** A range [begin, end) of rows or columns. */
type Range = readonly [begin: number, end: number];

export interface Convolution {
  readonly kind: 'convolution';
  readonly kernel: Constant;
  readonly bias?: Constant;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly groups: number;
  readonly activation: Activation;
}

export interface Product {
  readonly kind: 'product';
  readonly kernel: Constant;
  readonly bias?: Constant;
  readonly activation: Activation;
  /** The positions of the image that was flattened to its input; 1 where there was none. */
  readonly positions: number;
}

/** gamma (x - mean) / √(variance + epsilon) + beta over the last axis. */
export interface Normalisation {
  readonly kind: 'normalisation';
  readonly gamma: Constant;
  readonly beta: Constant;
  readonly mean: Constant;
  readonly variance: Constant;
  readonly epsilon: number;
}

/** x × factor + offset of each channel: pixels to the input of the network. */
export interface Scaling {
  readonly kind: 'scaling';
  readonly factor: Constant;
  readonly offset: Constant;
}

/** Padding does not count: it is smaller than any value, or left out of a mean. */
export interface Pooling {
  readonly kind: 'maxPooling' | 'averagePooling';
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

/** The mean over each of `rows` by each of `columns`. */
export interface WindowMeans {
  readonly kind: 'windowMeans';
  readonly rows: readonly Range[];
  readonly columns: readonly Range[];
}

/** Zeros before and after the rows, columns and channels. */
export interface ZeroPadding {
  readonly kind: 'zeroPadding';
  readonly sides: readonly [rows: Pair, columns: Pair, channels: Pair];
}

/** x / (bias + alpha × Σ x²)^beta over the channel and `depthRadius` of them on each side. */
export interface LocalResponse {
  readonly kind: 'localResponse';
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

export type Operation =
  | Convolution
  | Product
  | Normalisation
  | Scaling
  | Pooling
  | WindowMeans
  | ZeroPadding
  | LocalResponse
  | { readonly kind: 'activation'; readonly activation: Activation }
  /** The mean of each channel: (N, C). */
  | { readonly kind: 'globalMeans' }
  /** Of inputs of one shape. */
  | { readonly kind: 'sum' }
  /** Of the channels of all inputs. */
  | { readonly kind: 'concatenation' }
  | { readonly kind: 'flattening' }
  | { readonly kind: 'softmax' };

export type Kind = Operation['kind'];

/** One operation; values have the names of the layers that make them. */
export interface Node<Of extends Operation = Operation> {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Of the output for one image: (H, W, C) or (C). */
  readonly shape: readonly number[];
  readonly operation: Of;
}

export interface InferenceGraph {
  readonly input: {
    readonly name: string;
    readonly shape: readonly number[];
    /** Whether it is pixels from 0 to 255, or what the network computes with. */
    readonly pixels: boolean;
  };
  readonly nodes: readonly Node[];
  /** The name of the last value, and what it is. */
  readonly output: { readonly name: string; readonly values: 'logits' | 'probabilities' };
}
