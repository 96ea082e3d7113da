/** Reads a tf.layers model as a list of layers in running order and folds what a kernel can fuse. */
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { UsageError } from '../errors.js';
import { backendTakesPadding } from './kernels.js';
import { paddingOf } from './rules/padding.js';
import type { Activation, Padding } from './rules/rule.js';

/** One layer at one place of the graph; values are numbered by the tensors they stand for. */
export interface GraphNode {
  readonly layer: layers.Layer;
  inputs: number[];
  output: number;
  readonly inputShapes: (readonly (number | null)[])[];
  readonly outputShape: readonly (number | null)[];
  padding?: Padding;
  activation?: Activation;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly input: number;
  readonly output: number;
}

/** The model's layers in running order, with padding and activations folded into their neighbours. */
export function readGraph(model: LayersModel): Graph {
  const [input, ...otherInputs] = model.inputs;
  const [output, ...otherOutputs] = model.outputs;
  if (!input || !output || otherInputs.length > 0 || otherOutputs.length > 0) {
    throw new UsageError(
      `Expected a model with one input and one output but "${model.name}" has ${model.inputs.length} and ${model.outputs.length}`,
    );
  }
  const nodes: GraphNode[] = [];
  const seen = new Set([input.id]);
  const visit = (tensor: SymbolicTensor) => {
    if (seen.has(tensor.id)) return;
    seen.add(tensor.id);
    for (const source of tensor.inputs) visit(source);
    if (tensor.outputTensorIndex) {
      throw new UsageError(`Layer "${tensor.sourceLayer.name}" has more than one output`);
    }
    nodes.push({
      layer: tensor.sourceLayer,
      inputs: tensor.inputs.map(({ id }) => id),
      output: tensor.id,
      inputShapes: tensor.inputs.map(({ shape }) => shape),
      outputShape: tensor.shape,
    });
  };
  visit(output);
  const graph = { input: input.id, output: output.id };
  return { ...graph, nodes: foldActivations(foldPadding(nodes, graph.output), graph.output) };
}

/**
 * Zero padding becomes part of the convolution after it. A pool fills its padding with -∞, so it
 * takes zeros only after a ReLU, where both give the same maximum.
 */
function foldPadding(nodes: GraphNode[], output: number): GraphNode[] {
  if (!backendTakesPadding()) return nodes;
  const producers = new Map(nodes.map((node) => [node.output, node]));
  return nodes.filter((node) => {
    const next = onlyConsumer(nodes, node.output, output);
    const padding = node.layer.getClassName() === 'ZeroPadding2D' && paddingOf(configOf(node));
    if (!padding || !next || configOf(next).config['padding'] !== 'valid') return true;
    const producer = producers.get(node.inputs[0] ?? Number.NaN);
    const kind = next.layer.getClassName();
    const takes = kind === 'Conv2D' || kind === 'GroupConv2D';
    const afterRelu = producer && configOf(producer).config['activation'] === 'relu';
    if (!takes && !(kind === 'MaxPooling2D' && afterRelu)) return true;
    next.inputs = node.inputs;
    next.inputShapes[0] = node.inputShapes[0] ?? [];
    next.padding = padding;
    return false;
  });
}

/** ReLU and tanh layers become part of the convolution or dense layer before them. */
function foldActivations(nodes: GraphNode[], output: number): GraphNode[] {
  const producers = new Map(nodes.map((node) => [node.output, node]));
  return nodes.filter((node) => {
    const activation = configOf(node).config['activation'];
    const before = producers.get(node.inputs[0] ?? Number.NaN);
    const folds =
      node.layer.getClassName() === 'Activation' &&
      (activation === 'relu' || activation === 'tanh') &&
      before !== undefined &&
      ['Conv2D', 'GroupConv2D', 'Dense'].includes(before.layer.getClassName()) &&
      (configOf(before).config['activation'] ?? 'linear') === 'linear' &&
      before.activation === undefined &&
      onlyConsumer(nodes, before.output, output) === node;
    if (!folds) return true;
    before.activation = activation;
    before.output = node.output;
    producers.set(node.output, before);
    return false;
  });
}

function onlyConsumer(nodes: readonly GraphNode[], value: number, output: number) {
  const consumers = nodes.filter((node) => node.inputs.includes(value));
  return consumers.length === 1 && value !== output ? consumers[0] : undefined;
}

function configOf({ layer }: GraphNode) {
  return { config: layer.getConfig() };
}
