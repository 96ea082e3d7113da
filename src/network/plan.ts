/**
 * What a network does at every step: operations in order and the last use of each value, computed
 * once.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { inFloat32 } from './float32.js';
import { fold, foldForEvaluation } from './fusions.js';
import { type Graph, type GraphNode, readGraph } from './graph.js';
import { DIVIDED } from './rules/divided.js';
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
  /** Its output went through a ReLU. */
  readonly rectified: boolean;
  /**
   * Values to free after this step because it is their last use; in evaluation, counting only the
   * steps that run then.
   */
  readonly freeAfterEvaluation: readonly number[];
  readonly freeAfterForward: readonly number[];
  readonly freeAfterBackward: readonly number[];
  /** The weights, by their numbers, whose gradients are final after this step of the backward pass. */
  readonly finalGradients: readonly number[];
}

export interface Plan {
  /** All steps, those that only auxiliary heads need last. */
  readonly steps: readonly Step[];
  /** Those that the logits need. */
  readonly evaluation: readonly Step[];
  readonly values: number;
  /** The logits, then those of auxiliary heads. */
  readonly outputs: readonly number[];
  /** The outputs that the backward pass reads, so that they outlive the loss. */
  readonly keptOutputs: ReadonlySet<number>;
}

/** Plans a model for the current backend. */
export function planOf(model: LayersModel, weights: readonly Weight[]): Plan {
  return planned(fold(readGraph(model)), weights);
}

/** Plans passes forward alone, where the current backend can do more than in training. */
export function evaluationPlanOf(model: LayersModel, weights: readonly Weight[]): Plan {
  return planned(foldForEvaluation(readGraph(model)), weights);
}

function planned(graph: Graph, weights: readonly Weight[]): Plan {
  const numbers = new Map([[graph.input, 0]]);
  for (const { output } of graph.nodes) numbers.set(output, numbers.size);
  const numberOf = (value: number) => numbers.get(value) as number;
  const indices = new Map(weights.map(({ variable }, index) => [variable.id, index]));
  const wide = new Set(graph.nodes.filter(({ float32 }) => float32).map(({ output }) => output));
  const differentiable = new Set<number>();
  let place = 0;
  const draft = graph.nodes.map((node) => {
    const inputs = node.inputs.map(numberOf);
    const output = numberOf(node.output);
    const learns = inputs.some((value) => differentiable.has(value)) || trains(node, indices);
    if (learns) differentiable.add(output);
    const needed = inputs.map((value) => differentiable.has(value));
    const rule = operate(node, place, needed, indices);
    if (!DIVIDED.includes(node.kind)) place++;
    const narrow = node.inputs.map((value) => !wide.has(value));
    const operation = node.float32 ? inFloat32(rule, narrow) : rule;
    const rectified = (node.activation ?? node.config['activation']) === 'relu';
    return { name: node.layer.name, operation, inputs, output, differentiable: learns, rectified };
  });
  const outputs = graph.outputs.map(numberOf);
  const kept = keptValues(draft);
  const needed = neededSteps(draft, outputs[0] as number);
  const evaluation = lastUses(draft, outputs, needed);
  const forward = lastUses(draft, outputs, new Set(draft));
  const backward = draft.map((): number[] => []);
  for (const [value, place] of kept) backward[place]?.push(value);
  const final = finalGradients(graph.nodes, indices);
  const steps = draft.map((step, place) => ({
    ...step,
    freeAfterEvaluation: evaluation[place] ?? [],
    freeAfterForward: (forward[place] ?? []).filter((value) => !kept.has(value)),
    freeAfterBackward: backward[place] ?? [],
    finalGradients: final[place] ?? [],
  }));
  return {
    steps,
    evaluation: steps.filter((_, place) => needed.has(draft[place] as Draft)),
    values: numbers.size,
    outputs,
    keptOutputs: new Set(outputs.filter((value) => kept.has(value))),
  };
}

type Draft = Omit<
  Step,
  'freeAfterEvaluation' | 'freeAfterForward' | 'freeAfterBackward' | 'finalGradients'
>;

/** For each node the weights that no node before it has: the backward pass comes to it last. */
function finalGradients(
  nodes: readonly GraphNode[],
  indices: ReadonlyMap<number, number>,
): number[][] {
  const known = new Set<number>();
  return nodes.map(({ layer }) => {
    const own = layer.weights.map((weight) => indices.get((weight.read() as tf.Variable).id));
    const first = own.filter((index) => index !== undefined && !known.has(index)) as number[];
    for (const index of first) known.add(index);
    return first;
  });
}

function trains({ layer }: GraphNode, indices: ReadonlyMap<number, number>): boolean {
  return layer.weights.some((weight) => indices.has((weight.read() as tf.Variable).id));
}

function operate(
  node: GraphNode,
  place: number,
  differentiable: readonly boolean[],
  indices: ReadonlyMap<number, number>,
): Operation {
  const weights = node.layer.weights.map((weight) => {
    const variable = weight.read() as tf.Variable;
    return { variable, index: indices.get(variable.id) };
  });
  return operationOf({ ...node, weights, differentiable, place });
}

/** The steps that lead to a value. */
function neededSteps(steps: readonly Draft[], value: number): ReadonlySet<Draft> {
  const values = new Set([value]);
  const needed = new Set<Draft>();
  for (const step of [...steps].reverse()) {
    if (!values.has(step.output)) continue;
    needed.add(step);
    for (const input of step.inputs) values.add(input);
  }
  return needed;
}

/** For each step, the values that no later step in `among` reads; never the images or an output. */
function lastUses(
  steps: readonly Draft[],
  outputs: readonly number[],
  among: ReadonlySet<Draft>,
): number[][] {
  const last = new Map<number, number>();
  steps.forEach((step, place) => {
    if (among.has(step)) for (const value of step.inputs) last.set(value, place);
  });
  const freed = steps.map((): number[] => []);
  for (const [value, place] of last) {
    if (value !== 0 && !outputs.includes(value)) freed[place]?.push(value);
  }
  return freed;
}

/**
 * The values that the backward pass reads, each with the earliest step that reads it: backward runs
 * in reverse, so this is the last reader.
 */
function keptValues(steps: readonly Draft[]): Map<number, number> {
  const kept = new Map<number, number>();
  const keep = (value: number | undefined, place: number) => {
    if (value !== undefined && value !== 0 && !kept.has(value)) kept.set(value, place);
  };
  steps.forEach(({ operation, inputs, output, differentiable }, place) => {
    if (!differentiable) return;
    if (operation.keeps.output) keep(output, place);
    for (const input of operation.keeps.inputs) keep(inputs[input], place);
  });
  return kept;
}
