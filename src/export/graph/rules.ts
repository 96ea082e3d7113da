/**
 * What each layer class is after training. To add one: a row here, and its operation in the writers
 * if it is a new one; test/export/graph.test.ts goes through the catalogue.
 */
import type { layers } from '@tensorflow/tfjs-layers';
import { type Activation, isFused } from '../../activations.js';
import { placement } from '../../connections.js';
import { UsageError } from '../../errors.js';
import type { GraphNode } from '../../network/graph.js';
import { isPlainNorm } from '../../network/rules/normalisation/batch-norm.js';
import { adaptiveRanges } from '../../network/rules/pooling/window-means.js';
import { impliedPadding } from '../../network/rules/products/padding.js';
import { isPlainImage, type Padding } from '../../network/rules/rule.js';
import { filled, mapped, requiredWeight, weightOf } from './constants.js';
import type { Constant, Operation } from './operations.js';

type Pair = readonly [number, number];
type Read = (node: GraphNode) => readonly Operation[] | undefined;

const NONE: Padding = [
  [0, 0],
  [0, 0],
];

const RULES: Readonly<Record<string, Read>> = {
  Activation: ({ config }) => activation(config['activation']),
  AdaptiveAveragePooling2D: adaptivePooling,
  Add: () => [{ kind: 'sum' }],
  AveragePooling2D: (node) => pooling('averagePooling', node),
  BatchNormalization: normalisation,
  Concatenate: concatenation,
  Conv2D: convolution,
  Dense: product,
  Dropout: () => [],
  Flatten: ({ config }) =>
    config['dataFormat'] === 'channelsFirst' ? undefined : [{ kind: 'flattening' }],
  GlobalAveragePooling2D: (node) =>
    isPlainImage(node) && node.config['keepDims'] !== true ? [{ kind: 'globalMeans' }] : undefined,
  GroupConv2D: convolution,
  LocalResponseNormalization: localResponse,
  MaxPooling2D: (node) => pooling('maxPooling', node),
  PartialConv2D: partialConvolution,
  ScaledTanh: () => activation('scaledTanh'),
  Subsampling2D: subsampling,
  ZeroPadding2D: zeroPadding,
};

/** The operations of a layer, one after the other. Throws a UsageError for one without a form. */
export function operationsOf(node: GraphNode): readonly Operation[] {
  const operations = RULES[node.kind]?.(node);
  if (operations !== undefined) return operations;
  throw new UsageError(
    `Layer "${node.layer.name}" (${node.kind}) cannot be exported with these settings: choose --format tfjs-layers or safetensors, which keep the weights alone`,
  );
}

function activation(name: unknown): Operation[] | undefined {
  if (name !== 'scaledTanh' && !isFused(name, 'product')) return undefined;
  return name === 'linear' ? [] : [{ kind: 'activation', activation: name }];
}

function ownActivation({ config }: GraphNode): Activation | undefined {
  const name = config['activation'] ?? 'linear';
  return isFused(name, 'product') ? name : undefined;
}

function withBias(layer: layers.Layer) {
  const bias = weightOf(layer, 'bias');
  return bias === undefined ? {} : { bias };
}

function convolution(node: GraphNode): Operation[] | undefined {
  const { layer, config } = node;
  const own = ownActivation(node);
  if (!own || !isPlainImage(node)) return undefined;
  const kernel = requiredWeight(layer, 'kernel');
  const strides = config['strides'] as unknown as Pair;
  const groups = (config['groups'] as number | undefined) ?? 1;
  const padding = paddingOf(node, kernel.shape.slice(0, 2) as unknown as Pair, strides);
  const rest = { ...withBias(layer), strides, padding, groups, activation: own };
  return [{ kind: 'convolution', kernel, ...rest }];
}

/** The whole filter, with zeros where maps are not connected. */
function partialConvolution(node: GraphNode): Operation[] | undefined {
  const { layer, config, inputShapes } = node;
  const own = ownActivation(node);
  if (!own || !isPlainImage(node)) return undefined;
  const connections = config['connections'] as unknown as number[][];
  const channels = inputShapes[0]?.[3] ?? 0;
  const kernel = requiredWeight(layer, 'kernel');
  const [height = 0, width = 0] = kernel.shape;
  const whole: Constant = {
    shape: [height, width, channels, connections.length],
    read: () => wholeFilter(kernel, connections, channels),
  };
  const rest = { strides: [1, 1] as const, padding: NONE, groups: 1, activation: own };
  return [{ kind: 'convolution', kernel: whole, ...withBias(layer), ...rest }];
}

function wholeFilter(kernel: Constant, connections: number[][], channels: number): Float32Array {
  const [height = 0, width = 0, count = 0] = kernel.shape;
  const places = placement(connections, channels);
  const rows = places.dataSync();
  places.dispose();
  const size = channels * connections.length;
  const given = kernel.read();
  const result = new Float32Array(height * width * size);
  for (let position = 0; position < height * width; position++) {
    for (let connection = 0; connection < count; connection++) {
      const value = given[position * count + connection] as number;
      const place = rows.indexOf(1, connection * size) - connection * size;
      result[position * size + place] = value;
    }
  }
  return result;
}

function product(node: GraphNode): Operation[] | undefined {
  const { layer, inputShapes } = node;
  const own = ownActivation(node);
  if (!own || inputShapes[0]?.length !== 2) return undefined;
  const kernel = requiredWeight(layer, 'kernel');
  return [{ kind: 'product', kernel, ...withBias(layer), activation: own, positions: 1 }];
}

function normalisation(node: GraphNode): Operation[] | undefined {
  if (!isPlainNorm(node)) return undefined;
  const { layer, config } = node;
  return [
    {
      kind: 'normalisation',
      gamma: requiredWeight(layer, 'gamma'),
      beta: requiredWeight(layer, 'beta'),
      mean: requiredWeight(layer, 'moving_mean'),
      variance: requiredWeight(layer, 'moving_variance'),
      epsilon: config['epsilon'] as number,
    },
  ];
}

/** Means, then a factor and an offset of each map. */
function subsampling(node: GraphNode): Operation[] | undefined {
  if (!isPlainImage(node)) return undefined;
  const { layer, config } = node;
  const side = config['poolSize'] as number;
  const coefficient = requiredWeight(layer, 'coefficient');
  const maps = coefficient.shape[0] as number;
  const window = [side, side] as const;
  return [
    { kind: 'averagePooling', size: window, strides: window, padding: NONE },
    {
      kind: 'normalisation',
      gamma: mapped(coefficient, (value) => value * side ** 2),
      beta: requiredWeight(layer, 'bias'),
      mean: filled(maps, 0),
      variance: filled(maps, 1),
      epsilon: 0,
    },
  ];
}

function pooling(kind: 'maxPooling' | 'averagePooling', node: GraphNode): Operation[] | undefined {
  if (!isPlainImage(node)) return undefined;
  const size = node.config['poolSize'] as unknown as Pair;
  const strides = node.config['strides'] as unknown as Pair;
  return [{ kind, size, strides, padding: paddingOf(node, size, strides) }];
}

function adaptivePooling(node: GraphNode): Operation[] | undefined {
  if (!isPlainImage(node)) return undefined;
  const [, height = 0, width = 0] = node.inputShapes[0] as number[];
  const [rows, columns] = node.config['outputSize'] as unknown as Pair;
  const ranges = { rows: adaptiveRanges(height, rows), columns: adaptiveRanges(width, columns) };
  return [{ kind: 'windowMeans', ...ranges }];
}

function concatenation({ config, outputShape }: GraphNode): Operation[] | undefined {
  const axis = config['axis'] as number;
  const last = axis === -1 || axis === outputShape.length - 1;
  return last ? [{ kind: 'concatenation' }] : undefined;
}

function localResponse({ config }: GraphNode): Operation[] {
  const [depthRadius, bias, alpha, beta] = ['depthRadius', 'bias', 'alpha', 'beta'].map(
    (name) => config[name] as number,
  ) as [number, number, number, number];
  return [{ kind: 'localResponse', depthRadius, bias, alpha, beta }];
}

/** Channels first: the last two axes, which are columns and channels. */
function zeroPadding({ config, inputShapes }: GraphNode): Operation[] | undefined {
  if (inputShapes[0]?.length !== 4) return undefined;
  const [first, second] = config['padding'] as unknown as Padding;
  const none = [0, 0] as const;
  const last = config['dataFormat'] === 'channelsLast';
  return [{ kind: 'zeroPadding', sides: last ? [first, second, none] : [none, first, second] }];
}

function paddingOf(node: GraphNode, window: Pair, strides: Pair): Padding {
  return node.config['padding'] === 'same' ? impliedPadding(node, window, strides) : NONE;
}
