import type * as tf from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { isFused, type LayerActivation } from '../../activations.js';

/** Zeros around height and width: [[top, bottom], [left, right]]. */
export type Padding = readonly [readonly [number, number], readonly [number, number]];

/** A weight of a layer, and its place among the gradients; frozen weights have none. */
export interface LayerWeight {
  readonly variable: tf.Variable;
  readonly index: number | undefined;
}

/** One layer of the graph as a rule sees it. Shapes are those of tf.layers, with a null batch. */
export interface LayerNode {
  readonly layer: layers.Layer;
  readonly config: tf.serialization.ConfigDict;
  readonly weights: readonly LayerWeight[];
  readonly inputShapes: readonly (readonly (number | null)[])[];
  readonly outputShape: readonly (number | null)[];
  /** Which inputs need a gradient. */
  readonly differentiable: readonly boolean[];
  /** Zeros that a folded padding layer puts around the input. */
  readonly padding?: Padding;
  /** What a folded activation layer does to the output. */
  readonly activation?: LayerActivation;
  /** In evaluation: the batch normalisation that filter and bias take over. */
  readonly norm?: layers.Layer;
  /** The joined maps that the layer appends to, or normalises the first channels of. */
  readonly joined?: JoinedMaps;
  /** The layer's place in the plan: the stream of its random numbers. */
  readonly place: number;
  /** The output is float32 whatever the precision (../float32.ts): logits, or what becomes them. */
  readonly float32?: boolean;
}

/** Several processes that each compute a part of a batch. */
export interface Together {
  /** Images of the whole batch, and the number of the first one of this process. */
  readonly images: number;
  readonly firstImage: number;
  /** What is sent of gradients is rounded to bfloat16. */
  readonly narrow: boolean;
  /** Batch normalisation takes the statistics of the whole batch. */
  readonly syncNorm: boolean;
}

/** What holds for one pass through the network. */
export interface Pass {
  training: boolean;
  seed: number;
  step: number;
  /** The number of the first image in the batch that all processes share. */
  firstImage: number;
  /** The processes that compute the batch together, where there are several. */
  together?: Together | undefined;
  /** Takes over the gradient of a weight; several of one weight are added. */
  addGradient(weight: LayerWeight | undefined, gradient: tf.Tensor): void;
}

/**
 * What a layer does, made once for a network. The executor owns every tensor it passes and takes
 * over every tensor it gets: results are new tensors, never arguments.
 */
export interface Operation {
  /**
   * What `backward` reads besides dy: inputs by their numbers, and the output. All other values are
   * freed during the forward pass.
   */
  readonly keeps: { readonly inputs: readonly number[]; readonly output: boolean };
  /**
   * Its kernels write float32 from inputs stored as bf16, and go back from a float32 dy to bf16.
   */
  readonly mixesTypes?: boolean;
  /** It appends to a tensor with room for the maps of later layers. */
  readonly joins?: true;
  forward(inputs: readonly tf.Tensor[], pass: Pass): tf.Tensor;
  /** The gradients of those inputs that are differentiable. */
  backward(
    dy: tf.Tensor,
    inputs: readonly tf.Tensor[],
    output: tf.Tensor,
    pass: Pass,
  ): (tf.Tensor | undefined)[];
  /** Drops what forward kept, when the pass failed before backward ran. */
  abandon?(): void;
  /** Frees what the operation holds for all passes. */
  dispose?(): void;
}

/** Makes the operation of a layer; undefined where the rule does not cover the layer's settings. */
export type Rule = (node: LayerNode) => Operation | undefined;

/** The layer's own activation or the one folded into it; undefined if we have no kernel for it. */
export function activationOf({ config, activation }: LayerNode): LayerActivation | undefined {
  const own = config['activation'] ?? 'linear';
  if (own === 'linear') return activation ?? 'linear';
  if (activation) return undefined;
  return isFused(own, 'product') ? own : undefined;
}

/** Whether the layer's own activation is one of ours. */
export function hasPlainActivation({ config }: Pick<LayerNode, 'config'>): boolean {
  return isFused(config['activation'] ?? 'linear', 'product');
}

/** Channels last, no dilation: the only images that the rules take. */
export function isPlainImage({
  config,
  inputShapes,
}: Pick<LayerNode, 'config' | 'inputShapes'>): boolean {
  const dilation = (config['dilationRate'] ?? [1, 1]) as number[];
  const [, height, width] = inputShapes[0] ?? [];
  return (
    (config['dataFormat'] ?? 'channelsLast') === 'channelsLast' &&
    [dilation].flat().every((rate) => rate === 1) &&
    typeof height === 'number' &&
    typeof width === 'number'
  );
}

/**
 * The maps of one dense block; ../joined-maps.ts says who writes what. The tensors are those of the
 * pass that runs.
 */
export interface JoinedMaps {
  /** The number of channels when all maps are appended. */
  readonly channels: number;
  /** Of each channel in the batch, as far as it has been appended. */
  mean?: tf.Tensor | undefined;
  variance?: tf.Tensor | undefined;
  /** Of all maps, to which the layers that read them add; a value of the plan owns it. */
  gradient?: tf.Tensor | undefined;
}
