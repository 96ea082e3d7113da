/** What a network does at every step, worked out once: operations in order and last uses. */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Graph, type GraphNode, readGraph } from './graph.js';
import { operationOf } from './rules/index.js';
import type { Operation } from './rules/rule.js';
import type { Weight } from './weights.js';

/** One operation; values are numbered from 0, the images. */
export interface Step {
  readonly name: string;
  readonly operation: Operation;
  readonly inputs: readonly number[];
  readonly output: number;
  /** Gradients pass through it, or it has weights to train. */
  readonly differentiable: boolean;
  /** Values whose last use is this step. */
  readonly freeAfterEvaluation: readonly number[];
  readonly freeAfterForward: readonly number[];
  readonly freeAfterBackward: readonly number[];
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly values: number;
  readonly output: number;
  /** The backward pass reads the output, so that it outlives the loss. */
  readonly keepsOutput: boolean;
}

/** Plans a model for the current backend. */
export function planOf(model: LayersModel, weights: readonly Weight[]): Plan {
  const graph = readGraph(model);
  const numbers = new Map([[graph.input, 0]]);
  for (const { output } of graph.nodes) numbers.set(output, numbers.size);
  const numberOf = (value: number) => numbers.get(value) as number;
  const indices = new Map(weights.map(({ variable }, index) => [variable.id, index]));
  const differentiable = new Set<number>();
  const draft = graph.nodes.map((node, place) => {
    const inputs = node.inputs.map(numberOf);
    const output = numberOf(node.output);
    const learns = inputs.some((value) => differentiable.has(value)) || trains(node, indices);
    if (learns) differentiable.add(output);
    const needed = inputs.map((value) => differentiable.has(value));
    const operation = operate(graph, node, place, needed, indices);
    return { name: node.layer.name, operation, inputs, output, differentiable: learns };
  });
  const output = numberOf(graph.output);
  const kept = keptValues(draft);
  const forward = lastUses(draft, output);
  const evaluation = forward.map((values) => values);
  const steps = draft.map((step, place) => ({
    ...step,
    freeAfterEvaluation: evaluation[place] ?? [],
    freeAfterForward: (forward[place] ?? []).filter((value) => !kept.has(value)),
    freeAfterBackward: [...kept].filter(([, first]) => first === place).map(([value]) => value),
  }));
  return { steps, values: numbers.size, output, keepsOutput: kept.has(output) };
}

type Draft = Omit<Step, 'freeAfterEvaluation' | 'freeAfterForward' | 'freeAfterBackward'>;

function trains({ layer }: GraphNode, indices: ReadonlyMap<number, number>): boolean {
  return layer.weights.some((weight) => indices.has((weight.read() as tf.Variable).id));
}

function operate(
  graph: Graph,
  node: GraphNode,
  place: number,
  differentiable: readonly boolean[],
  indices: ReadonlyMap<number, number>,
): Operation {
  return operationOf({
    layer: node.layer,
    config: node.layer.getConfig(),
    weights: node.layer.weights.map((weight) => {
      const variable = weight.read() as tf.Variable;
      return { variable, index: indices.get(variable.id) };
    }),
    inputShapes: node.inputShapes,
    outputShape: node.outputShape,
    differentiable,
    padding: node.padding,
    activation: node.activation,
    place,
    isOutput: node.output === graph.output,
  });
}

/** For each step the values it is the last to read; never the images or the output. */
function lastUses(steps: readonly Draft[], output: number): number[][] {
  const last = new Map<number, number>();
  steps.forEach(({ inputs }, place) => {
    for (const value of inputs) last.set(value, place);
  });
  const freed = steps.map((): number[] => []);
  for (const [value, place] of last) {
    if (value !== 0 && value !== output) freed[place]?.push(value);
  }
  return freed;
}

/** The values that the backward pass reads, each with the step that reads it last: the earliest. */
function keptValues(steps: readonly Draft[]): Map<number, number> {
  const kept = new Map<number, number>();
  const keep = (value: number, place: number) => {
    if (value !== 0 && !kept.has(value)) kept.set(value, place);
  };
  steps.forEach(({ operation, inputs, output, differentiable }, place) => {
    if (!differentiable) return;
    if (operation.keeps.output) keep(output, place);
    if (operation.keeps.inputs) for (const value of inputs) keep(value, place);
  });
  return kept;
}
