/** Reads a tf.layers model as a list of layers in running order. */
import type { serialization } from '@tensorflow/tfjs-core';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { LayerActivation } from '../activations.js';
import { UsageError } from '../errors.js';
import type { JoinedMaps, Padding } from './rules/rule.js';

/** One layer at one place of the graph; values are numbered by the tensors they stand for. */
export interface GraphNode {
  readonly layer: layers.Layer;
  /** The layer's class. */
  readonly kind: string;
  readonly config: serialization.ConfigDict;
  inputs: number[];
  output: number;
  inputShapes: (readonly (number | null)[])[];
  readonly outputShape: readonly (number | null)[];
  padding?: Padding;
  activation?: LayerActivation;
  /** In evaluation: the batch normalisation that its filter and bias take over. */
  norm?: layers.Layer;
  joined?: JoinedMaps;
  /** The output is float32 whatever the precision (float32.ts). */
  float32?: boolean;
}

export interface Graph {
  readonly nodes: GraphNode[];
  readonly input: number;
  /** The logits, then those of auxiliary heads. */
  readonly outputs: readonly number[];
}

/** The model's layers in running order, those that only auxiliary heads need last. */
export function readGraph(model: LayersModel): Graph {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0) {
    throw new UsageError(
      `Expected a model with one input but "${model.name}" has ${model.inputs.length}`,
    );
  }
  for (const { shape } of model.outputs) checkOutput(model, shape);
  const nodes: GraphNode[] = [];
  const seen = new Set([input.id]);
  const visit = (tensor: SymbolicTensor) => {
    if (seen.has(tensor.id)) return;
    seen.add(tensor.id);
    for (const source of tensor.inputs) visit(source);
    nodes.push(nodeOf(tensor));
  };
  for (const output of model.outputs) visit(output);
  const outputs = model.outputs.map(({ id }) => id);
  return { input: input.id, outputs, nodes };
}

/** All heads have the same classes. */
function checkOutput({ name, outputs }: LayersModel, shape: readonly (number | null)[]): void {
  const [main] = outputs;
  if (main === undefined || shape.join() === main.shape.join()) return;
  throw new UsageError(
    `Expected a model whose outputs are logits of one shape but "${name}" has (${main.shape}) and (${shape})`,
  );
}

function nodeOf(tensor: SymbolicTensor): GraphNode {
  const { sourceLayer: layer } = tensor;
  if (tensor.outputTensorIndex) {
    throw new UsageError(`Layer "${layer.name}" has more than one output`);
  }
  return {
    layer,
    kind: layer.getClassName(),
    config: layer.getConfig(),
    inputs: tensor.inputs.map(({ id }) => id),
    output: tensor.id,
    inputShapes: tensor.inputs.map(({ shape }) => shape),
    outputShape: tensor.shape,
  };
}
