import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type GraphNode, readGraph } from '../../network/graph.js';
import { elements } from '../../weights/stored-tensor.js';
import { withoutHeads } from '../main-output.js';
import { perChannel } from './constants.js';
import type { InferenceGraph, Node, Scaling } from './operations.js';
import { operationsOf } from './rules.js';
import { simplify } from './simplify.js';

export interface GraphOptions {
  /** It ends in probabilities instead of logits. */
  readonly softmax: boolean;
  /** The colours by which pixels from 0 to 255 become the input; undefined leaves that outside. */
  readonly pixels: Colours | undefined;
}

interface Colours {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * A network as it is run after training, without auxiliary heads. Throws a UsageError for a layer
 * that no format has.
 */
export function inferenceGraph(given: LayersModel, options: GraphOptions): InferenceGraph {
  const model = withoutHeads(given);
  const { nodes: layers, input, outputs } = readGraph(model);
  const image = model.inputs[0]?.sourceLayer.name ?? '';
  const shape = lengthsOf(model.inputs[0]?.shape);
  const nodes: Node[] = [];
  const names = new Map([[input, image]]);
  if (options.pixels !== undefined) {
    const name = `${image}.normalised`;
    nodes.push({ name, inputs: [image], shape, operation: scaling(options.pixels) });
    names.set(input, name);
  }
  for (const layer of layers) names.set(layer.output, addLayer(nodes, layer, names));
  const logits = names.get(outputs[0] as number) as string;
  const graph = {
    input: { name: image, shape, pixels: options.pixels !== undefined },
    ...ending(nodes, logits, lengthsOf(model.outputs[0]?.shape), options.softmax),
  };
  return simplify({ ...graph, nodes: graph.nodes.map((node) => withPositions(node, graph)) });
}

/** Adds the operations of a layer; the name of the value that it makes. */
function addLayer(nodes: Node[], layer: GraphNode, names: ReadonlyMap<number, string>): string {
  const operations = operationsOf(layer);
  let inputs = layer.inputs.map((id) => names.get(id) as string);
  operations.forEach((operation, place) => {
    const last = place === operations.length - 1;
    const name = last ? layer.layer.name : `${layer.layer.name}.${operation.kind}`;
    nodes.push({ name, inputs, shape: lengthsOf(layer.outputShape), operation });
    inputs = [name];
  });
  return inputs[0] as string;
}

/** The output has the same name in all networks. */
function ending(
  nodes: readonly Node[],
  last: string,
  shape: readonly number[],
  softmax: boolean,
): Pick<InferenceGraph, 'nodes' | 'output'> {
  const logits = 'logits';
  const named = nodes.map((node) => (node.name === last ? { ...node, name: logits } : node));
  if (!softmax) return { nodes: named, output: { name: logits, values: logits } };
  const name = 'probabilities';
  const end: Node = { name, inputs: [logits], shape, operation: { kind: 'softmax' } };
  return { nodes: [...named, end], output: { name, values: name } };
}

/** (pixel / 255 - mean) / std as one factor and one offset. */
function scaling({ mean, std }: Colours): Scaling {
  const factor = perChannel(std.map((deviation) => 1 / (255 * deviation)));
  const offset = perChannel(mean.map((value, channel) => -value / (std[channel] as number)));
  return { kind: 'scaling', factor, offset };
}

/** A product with the positions of the image that was flattened for it. */
function withPositions(
  node: Node,
  { nodes, input }: Pick<InferenceGraph, 'nodes' | 'input'>,
): Node {
  const { operation, inputs } = node;
  if (operation.kind !== 'product') return node;
  const find = (name: string | undefined) => nodes.find((other) => other.name === name);
  let before = find(inputs[0]);
  while (before?.operation.kind === 'activation') before = find(before.inputs[0]);
  if (before?.operation.kind !== 'flattening') return node;
  const image = find(before.inputs[0])?.shape ?? input.shape;
  return { ...node, operation: { ...operation, positions: elements(image.slice(0, -1)) } };
}

/** The lengths of a shape for one image. */
function lengthsOf(shape: readonly (number | null)[] | undefined): number[] {
  return (shape ?? []).slice(1).map((length) => length ?? 0);
}
