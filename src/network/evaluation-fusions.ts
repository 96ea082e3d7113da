/**
 * What is folded in evaluation beside what fusions.ts folds in training: batch normalisation into
 * the convolution before it, and the residual sum after that into the same kernel, which adds to
 * the other term in place.
 */
import type { GraphNode } from './graph.js';
import { isPlainNorm } from './rules/normalisation/batch-norm.js';

const CONVOLUTIONS = ['Conv2D', 'GroupConv2D'];

/** Layers that make a tensor of their own, to which a sum can be added in place. */
const MAKING_TENSORS = [...CONVOLUTIONS, 'Add', 'BatchNormalization', 'MaxPooling2D'];

type Consumers = ReadonlyMap<number, GraphNode>;

/** Folds each normalisation that alone reads a convolution. */
export function foldNorms(nodes: readonly GraphNode[], nextOf: Consumers): GraphNode[] {
  const folded = new Set<GraphNode>();
  for (const node of nodes) {
    const norm = normAfter(node, nextOf);
    if (!norm) continue;
    node.norm = norm.layer;
    node.output = norm.output;
    folded.add(norm);
  }
  return nodes.filter((node) => !folded.has(node));
}

function normAfter(node: GraphNode, nextOf: Consumers): GraphNode | undefined {
  const next = nextOf.get(node.output);
  if (next?.kind !== 'BatchNormalization' || !isLinearConvolution(node)) return undefined;
  // What a sum adds is not to be scaled.
  if (node.inputs.length > 1) return undefined;
  return next.inputs.length === 1 && isPlainNorm(next) ? next : undefined;
}

/**
 * Folds each sum of two terms into the convolution that makes the last of them, if nothing reads
 * the other term later. The convolution runs where the sum ran.
 */
export function foldSums(
  nodes: readonly GraphNode[],
  outputs: readonly number[],
  nextOf: Consumers,
): GraphNode[] {
  const result: GraphNode[] = [];
  nodes.forEach((node, place) => {
    const term = node.kind === 'Add' ? lastTerm(node, nodes, nextOf) : undefined;
    const other = node.inputs.find((value) => value !== term?.output);
    const later = nodes.slice(place + 1).some(({ inputs }) => inputs.includes(other as number));
    const producer = nodes.find(({ output }) => output === other);
    const reads = term?.inputs.includes(other as number);
    if (
      !term ||
      !producer ||
      reads ||
      later ||
      outputs.includes(producer.output) ||
      !owns(producer)
    ) {
      result.push(node);
      return;
    }
    result.splice(result.indexOf(term), 1);
    term.inputs.push(producer.output);
    term.inputShapes.push(node.inputShapes[0] ?? []);
    term.output = node.output;
    result.push(term);
  });
  return result;
}

/** The convolution whose result only this sum of two different terms of one shape reads. */
function lastTerm(
  { inputs, inputShapes }: GraphNode,
  nodes: readonly GraphNode[],
  nextOf: Consumers,
): GraphNode | undefined {
  const [a, b] = inputShapes.map((shape) => shape.join());
  if (inputs.length !== 2 || inputs[0] === inputs[1] || a !== b) return undefined;
  return nodes.findLast(
    (node) =>
      inputs.includes(node.output) &&
      nextOf.has(node.output) &&
      node.inputs.length === 1 &&
      isLinearConvolution(node),
  );
}

function isLinearConvolution({ kind, config, activation }: GraphNode): boolean {
  const linear = (config['activation'] ?? 'linear') === 'linear' && activation === undefined;
  return CONVOLUTIONS.includes(kind) && linear;
}

function owns({ kind, config, inputs }: GraphNode): boolean {
  if (kind === 'Activation') return config['activation'] === 'relu' && inputs.length === 1;
  return MAKING_TENSORS.includes(kind);
}
