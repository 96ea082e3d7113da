/**
 * Dense blocks (Huang et al. 2016, section 3), where each layer joins its maps to those before it:
 * all maps of a block are in one tensor. Layers append to it in place, and batch normalisations
 * read its first channels. No maps are copied from join to join, and the statistics of a map are
 * worked out once.
 *
 * The operations of a block (rules/joined-maps.ts) share a `JoinedMaps`. Who writes what in a step:
 * - Forward, the start makes the tensor, `mean` and `variance`. Each join appends its maps and
 *   their   statistics, which the normalisations after it read.
 * - Backward, the one normalisation that reads every channel comes first. It creates the gradient
 *   of   the whole tensor.
 * - Each join, the last one first, then takes the gradient of its own maps out of that tensor and
 *   puts the tensor in `gradient`. The normalisations between this join and the one before add
 *   theirs to it in place, so that they hand no gradient on. This is safe because backward is the
 *   running order reversed, and because `membersOf` refuses a block where something reads a join
 *   after the next one has run: when a join takes its gradient, every reader of its maps has added
 *   to it.
 */
import type { GraphNode } from './graph.js';
import { isPlainNorm } from './rules/normalisation/batch-norm.js';
import type { JoinedMaps } from './rules/rule.js';

type Readers = ReadonlyMap<number, readonly GraphNode[]>;

/**
 * Gives the nodes of each dense block its maps, and inserts a node before them that creates these.
 */
export function foldJoins(nodes: readonly GraphNode[], outputs: readonly number[]): GraphNode[] {
  const readers = readersOf(nodes);
  const places = new Map(nodes.map((node, place) => [node, place]));
  const starts = new Map<GraphNode, GraphNode>();
  for (const joins of chainsOf(nodes)) {
    const members = membersOf(joins, readers, outputs, places);
    if (!members) continue;
    const [first] = joins as [GraphNode, ...GraphNode[]];
    const joined: JoinedMaps = { channels: channelsOf(joins.at(-1)?.outputShape) };
    // The values of a model are numbered from 0.
    const start = startOf(first, -1 - starts.size, joined);
    for (const node of members) {
      node.joined = joined;
      if (node.inputs[0] === start.inputs[0]) node.inputs[0] = start.output;
    }
    starts.set(members[0] as GraphNode, start);
  }
  return nodes.flatMap((node) => [starts.get(node) ?? [], node].flat());
}

/** Appends what the first join starts from to an empty tensor. */
function startOf(first: GraphNode, output: number, joined: JoinedMaps): GraphNode {
  const [value] = first.inputs as [number];
  const [shape] = first.inputShapes as [GraphNode['outputShape']];
  return { ...first, inputs: [value], inputShapes: [shape], output, outputShape: shape, joined };
}

/** Chains of at least two two-input concatenations, each extending the one before. */
function chainsOf(nodes: readonly GraphNode[]): GraphNode[][] {
  const chains = new Map<number, GraphNode[]>();
  for (const node of nodes.filter(isJoin)) {
    const [before = Number.NaN] = node.inputs;
    const chain = chains.get(before) ?? [];
    chains.delete(before);
    chains.set(node.output, [...chain, node]);
  }
  return [...chains.values()].filter(({ length }) => length > 1);
}

/** Whether the last axis of two different values is joined. */
function isJoin({ kind, config, inputs, inputShapes, outputShape }: GraphNode): boolean {
  const axis = config['axis'] as number;
  return (
    kind === 'Concatenate' &&
    inputs.length === 2 &&
    inputs[0] !== inputs[1] &&
    outputShape.length > 1 &&
    (axis === -1 || axis === outputShape.length - 1) &&
    inputShapes.every((shape) => typeof shape.at(-1) === 'number')
  );
}

/**
 * The joins and the normalisations that read them, in running order; nothing where anything else
 * reads a join, where one is read after the next has run, or where several layers read the last.
 */
function membersOf(
  joins: readonly GraphNode[],
  readers: Readers,
  outputs: readonly number[],
  places: ReadonlyMap<GraphNode, number>,
): GraphNode[] | undefined {
  const placeOf = (node: GraphNode) => places.get(node) as number;
  const reads = (value: number, next: GraphNode | undefined) =>
    (readers.get(value) ?? []).filter((node) => node !== next);
  const members = new Set<GraphNode>(joins);
  for (const [index, { output }] of joins.entries()) {
    const next = joins[index + 1];
    const norms = reads(output, next);
    if (outputs.includes(output) || (!next && norms.length !== 1)) return undefined;
    for (const norm of norms) {
      if (!isPlainReader(norm) || (next && placeOf(norm) > placeOf(next))) return undefined;
      members.add(norm);
    }
  }
  const [first] = joins as [GraphNode];
  for (const node of reads(first.inputs[0] as number, first)) {
    if (isPlainReader(node) && !node.joined && placeOf(node) < placeOf(first)) members.add(node);
  }
  return [...members].sort((a, b) => placeOf(a) - placeOf(b));
}

function isPlainReader(node: GraphNode): boolean {
  return node.kind === 'BatchNormalization' && node.inputs.length === 1 && isPlainNorm(node);
}

function readersOf(nodes: readonly GraphNode[]): Readers {
  const readers = new Map<number, GraphNode[]>();
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      readers.set(value, [...(readers.get(value) ?? []), node]);
    }
  }
  return readers;
}

function channelsOf(shape: GraphNode['outputShape'] | undefined): number {
  return shape?.at(-1) as number;
}
