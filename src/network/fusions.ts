/**
 * Folds padding, residual sums and activations into the kernel before or after them, and the joins
 * of dense blocks into one tensor.
 */

import { isFused } from '../activations.js';
import { foldNorms, foldSums } from './evaluation-fusions.js';
import { markFloat32 } from './float32.js';
import type { Graph, GraphNode } from './graph.js';
import { foldJoins } from './joined-maps.js';
import { isPlainNorm } from './rules/normalisation/batch-norm.js';
import { isRow } from './rules/products/dense.js';
import { paddingOf } from './rules/products/padding.js';
import { hasPlainActivation, isPlainImage, type Padding } from './rules/rule.js';
import { backendHasNative, backendTakesPadding, isFloat32 } from './run-kernel.js';

interface Ending {
  /** The kind of the layer's kernel, which says in which activations it can end. */
  readonly kind: 'product' | 'batch normalisation';
  /** Whether the layer has a rule: nothing can be folded into a layer that runs on the tape. */
  readonly takes: (node: GraphNode) => boolean;
}

const CONVOLUTION: Ending = {
  kind: 'product',
  takes: (node) => isPlainImage(node) && hasPlainActivation(node),
};
const ENDINGS: Readonly<Record<string, Ending>> = {
  Conv2D: CONVOLUTION,
  GroupConv2D: CONVOLUTION,
  PartialConv2D: CONVOLUTION,
  Dense: { kind: 'product', takes: isRow },
  BatchNormalization: { kind: 'batch normalisation', takes: isPlainNorm },
};

/** Layers whose output is never below 0 where their inputs are not. */
const KEEPING_SIGN = [
  'AdaptiveAveragePooling2D',
  'Add',
  'AveragePooling2D',
  'Concatenate',
  'Dropout',
  'Flatten',
  'GlobalAveragePooling2D',
  'LocalResponseNormalization',
  'MaxPooling2D',
  'Reshape',
  'ZeroPadding2D',
];

/** The graph with every layer folded into another one's kernel where the current backend can. */
export function fold({ nodes, outputs, input }: Graph): Graph {
  const padded = backendTakesPadding() ? foldPadding(nodes, outputs) : nodes;
  return finish(foldActivations(foldResiduals(padded, outputs), outputs), outputs, input);
}

/** The same for passes forward alone, by running statistics; on our own backend. */
export function foldForEvaluation({ nodes, outputs, input }: Graph): Graph {
  const padded = foldPadding(nodes, outputs);
  // bfloat16 is added after it is widened, which takes a pass of its own.
  const wide = isFloat32() ? foldNorms(padded, onlyConsumers(padded, outputs)) : padded;
  const summed = isFloat32() ? foldSums(wide, outputs, onlyConsumers(wide, outputs)) : wide;
  const added = foldResiduals(summed, outputs);
  const normed = foldNorms(added, onlyConsumers(added, outputs));
  return finish(foldActivations(normed, outputs), outputs, input);
}

function finish(folded: GraphNode[], outputs: readonly number[], input: number): Graph {
  if (!backendHasNative()) return { input, outputs, nodes: folded };
  const joined = foldJoins(folded, outputs);
  markFloat32(joined, outputs);
  return { input, outputs, nodes: joined };
}

/**
 * Zero padding becomes part of the convolution after it. A pool fills its padding with -∞, so it
 * takes zeros only where none of its inputs is below 0 and each window has at least one of them:
 * there both give the same maximum.
 */
function foldPadding(nodes: GraphNode[], outputs: readonly number[]): GraphNode[] {
  const nextOf = onlyConsumers(nodes, outputs);
  const positive = valuesNeverBelowZero(nodes);
  return nodes.filter((node) => {
    const padding = node.kind === 'ZeroPadding2D' && paddingOf(node);
    const next = nextOf.get(node.output);
    if (!padding || !next || next.config['padding'] !== 'valid') return true;
    const convolves = ENDINGS[next.kind] === CONVOLUTION;
    const pools = next.kind === 'MaxPooling2D' && positive.has(node.output);
    const takes = convolves ? CONVOLUTION.takes(next) : pools && isPlainImage(next);
    if (!takes || (pools && !isNarrower(padding, next))) return true;
    next.inputs = node.inputs;
    next.inputShapes = node.inputShapes;
    next.padding = padding;
    return false;
  });
}

function isNarrower([rows, columns]: Padding, { config }: GraphNode): boolean {
  const [height, width] = config['poolSize'] as [number, number];
  return Math.max(...rows) < height && Math.max(...columns) < width;
}

function valuesNeverBelowZero(nodes: readonly GraphNode[]): ReadonlySet<number> {
  const positive = new Set<number>();
  for (const { kind, config, inputs, output } of nodes) {
    const keeps = KEEPING_SIGN.includes(kind) && inputs.every((value) => positive.has(value));
    if (config['activation'] === 'relu' || keeps) positive.add(output);
  }
  return positive;
}

/**
 * A sum becomes part of the batch normalisation that computes one of its terms; of two, of the one
 * that runs last. The other term becomes its second input. It runs where the sum ran.
 */
function foldResiduals(nodes: GraphNode[], outputs: readonly number[]): GraphNode[] {
  const nextOf = onlyConsumers(nodes, outputs);
  const result = new Set<GraphNode>();
  for (const node of nodes) {
    const norm = node.kind === 'Add' ? residualNorm(nodes, node, nextOf) : undefined;
    if (norm) {
      const residual = node.inputs[0] === norm.output ? 1 : 0;
      norm.inputs.push(node.inputs[residual] as number);
      norm.inputShapes.push(node.inputShapes[residual] ?? []);
      norm.output = node.output;
      result.delete(norm);
    }
    result.add(norm ?? node);
  }
  return [...result];
}

/** The normalisation into which a sum of two different terms of one shape can be folded. */
function residualNorm(
  nodes: readonly GraphNode[],
  { inputs, inputShapes }: GraphNode,
  nextOf: ReadonlyMap<number, GraphNode>,
): GraphNode | undefined {
  const [a, b] = inputShapes.map((shape) => shape.join());
  if (inputs.length !== 2 || inputs[0] === inputs[1] || a !== b) return undefined;
  return nodes.findLast((node) => {
    const isTerm = inputs.includes(node.output) && nextOf.has(node.output);
    const takes = node.inputs.length === 1 && isPlainNorm(node);
    return node.kind === 'BatchNormalization' && isTerm && takes;
  });
}

/** Activation layers become part of the convolution, normalisation or dense layer before them. */
function foldActivations(nodes: GraphNode[], outputs: readonly number[]): GraphNode[] {
  const nextOf = onlyConsumers(nodes, outputs);
  const producers = new Map(nodes.map((node) => [node.output, node]));
  return nodes.filter((node) => {
    const before = producers.get(node.inputs[0] ?? Number.NaN);
    if (node.kind !== 'Activation' || !before || nextOf.get(before.output) !== node) return true;
    const { activation } = node.config;
    const ending = ENDINGS[before.kind];
    const linear = before.activation === undefined && hasNoActivation(before);
    if (activation === 'linear' || !linear || !ending?.takes(before)) return true;
    if (!isFused(activation, ending.kind)) return true;
    before.activation = activation;
    before.output = node.output;
    producers.set(node.output, before);
    return false;
  });
}

function hasNoActivation({ config }: GraphNode): boolean {
  return (config['activation'] ?? 'linear') === 'linear';
}

/** For each value that exactly one layer reads, that layer. */
function onlyConsumers(
  nodes: readonly GraphNode[],
  outputs: readonly number[],
): ReadonlyMap<number, GraphNode> {
  const consumers = new Map<number, GraphNode | undefined>(
    outputs.map((value) => [value, undefined]),
  );
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      consumers.set(value, consumers.has(value) ? undefined : node);
    }
  }
  const single = new Map<number, GraphNode>();
  for (const [value, node] of consumers) if (node) single.set(value, node);
  return single;
}
