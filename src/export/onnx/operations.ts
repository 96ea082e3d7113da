/** Each operation in ONNX's nodes, opset 17, on images (N, C, H, W). */
import type { Activation } from '../../activations.js';
import type { Padding } from '../../network/rules/rule.js';
import { windowShares } from '../../network/twins/window-means.js';
import { reverseAxes } from '../../weights/mapping.js';
import { elements } from '../../weights/stored-tensor.js';
import { addActivation } from '../graph/activation.js';
import type {
  Constant,
  Convolution,
  Kind,
  Node,
  Operation,
  Pooling,
  Product,
  WindowMeans,
} from '../graph/operations.js';
import type { Attributes, GraphBuilder } from './graph-proto.js';
import { TensorProto_DataType as DataType } from './onnx_pb.js';

type Shape = readonly number[];
/** Adds the nodes of an operation; the last one has the name of its value. */
type Writer<Of extends Operation> = (
  graph: GraphBuilder,
  node: Node<Of>,
  inputShape: Shape,
) => void;
type Writers = { readonly [K in Kind]: Writer<Extract<Operation, { kind: K }>> };

const WRITERS: Writers = {
  activation: (graph, { name, inputs, operation }) =>
    addActivation(graph, operation.activation, name, inputs[0] as string),
  averagePooling: (graph, node) => pool(graph, 'AveragePool', node, { count_include_pad: 0 }),
  concatenation: (graph, { name, inputs }) => graph.add('Concat', name, inputs, { axis: 1 }),
  convolution: convolve,
  flattening: (graph, { name, inputs }) => graph.add('Flatten', name, inputs, { axis: 1 }),
  globalMeans(graph, { name, inputs }) {
    const means = graph.add('GlobalAveragePool', `${name}/means`, inputs);
    graph.add('Flatten', name, [means], { axis: 1 });
  },
  localResponse(graph, { name, inputs, operation }) {
    const { depthRadius, bias, alpha, beta } = operation;
    const size = 2 * depthRadius + 1;
    // ONNX divides alpha by the number of channels.
    const constants = { alpha: { f: alpha * size }, beta: { f: beta }, bias: { f: bias } };
    graph.add('LRN', name, inputs, { size, ...constants });
  },
  maxPooling: (graph, node) => pool(graph, 'MaxPool', node, {}),
  normalisation(graph, { name, inputs, operation }) {
    const weights = (['gamma', 'beta', 'mean', 'variance'] as const).map((kind) =>
      vector(graph, `${name}/${kind}`, operation[kind]),
    );
    const epsilon = { f: operation.epsilon };
    graph.add('BatchNormalization', name, [...inputs, ...weights], { epsilon });
  },
  product: multiply,
  scaling(graph, { name, inputs, operation: { factor, offset } }) {
    const pixels = graph.add('Cast', `${name}/pixels`, inputs, { to: DataType.FLOAT });
    const factors = vector(graph, `${name}/factor`, factor);
    const scaled = graph.add('Mul', `${name}/scaled`, [pixels, factors]);
    const offsets = vector(graph, `${name}/offset`, offset);
    const shifted = graph.add('Add', `${name}/shifted`, [scaled, offsets]);
    // Pixels come as images in memory have them, channels last.
    graph.add('Transpose', name, [shifted], { perm: [0, 3, 1, 2] });
  },
  softmax: (graph, { name, inputs }) => graph.add('Softmax', name, inputs, { axis: 1 }),
  sum(graph, { name, inputs }) {
    const [first = '', ...others] = inputs;
    others.reduce((total, input, place) => {
      const last = place === others.length - 1;
      return graph.add('Add', last ? name : `${name}/${place + 1}`, [total, input]);
    }, first);
  },
  windowMeans: averageWindows,
  zeroPadding(graph, { name, inputs, operation: { sides } }) {
    const [rows, columns, channels] = sides;
    const axes = [[0, 0], channels, rows, columns] as const;
    const pads = [...axes.map(([before]) => before), ...axes.map(([, after]) => after)];
    graph.add('Pad', name, [...inputs, graph.integers(`${name}/pads`, pads)]);
  },
};

/** Adds the nodes of an operation whose first input has a shape, (H, W, C) for one image. */
export function writeOperation(graph: GraphBuilder, node: Node, inputShape: Shape): void {
  const write = WRITERS[node.operation.kind] as Writer<Operation>;
  write(graph, node, inputShape);
}

/** Kernels are (outputs, inputs / groups, height, width) in ONNX. */
function convolve(graph: GraphBuilder, { name, inputs, operation }: Node<Convolution>): void {
  const { kernel, bias, strides, padding, groups, activation } = operation;
  const [height = 1, width = 1, channels = 1, filters = 1] = kernel.shape;
  const operands = [
    ...inputs,
    graph.floats(`${name}/kernel`, [filters, channels, height, width], () =>
      reverseAxes(kernel.read(), [height * width, channels, filters]),
    ),
    ...(bias ? [vector(graph, `${name}/bias`, bias)] : []),
  ];
  const window = { kernel_shape: [height, width], strides, pads: padsOf(padding) };
  activated(graph, activation, name, (own) =>
    graph.add('Conv', own, operands, { ...window, group: groups }),
  );
}

/**
 * Kernels are (outputs, inputs); flattened images count the positions of each channel, where those
 * of the network count the channels of each position.
 */
function multiply(graph: GraphBuilder, { name, inputs, operation }: Node<Product>): void {
  const { kernel, bias, positions, activation } = operation;
  const [all = 1, outputs = 1] = kernel.shape;
  const operands = [
    ...inputs,
    graph.floats(`${name}/kernel`, [outputs, all], () =>
      reverseAxes(kernel.read(), [positions, all / positions, outputs]),
    ),
    ...(bias ? [vector(graph, `${name}/bias`, bias)] : []),
  ];
  activated(graph, activation, name, (own) => graph.add('Gemm', own, operands, { transB: 1 }));
}

/** What `add` makes under a name, then the activation. */
function activated(
  graph: GraphBuilder,
  activation: Activation,
  name: string,
  add: (name: string) => string,
): void {
  if (activation === 'linear') add(name);
  else addActivation(graph, activation, name, add(`${name}/linear`));
}

function pool(
  graph: GraphBuilder,
  op: 'MaxPool' | 'AveragePool',
  { name, inputs, operation: { size, strides, padding } }: Node<Pooling>,
  more: Attributes,
): void {
  graph.add(op, name, inputs, { kernel_shape: size, strides, pads: padsOf(padding), ...more });
}

/** A product with the share of each pixel in each window. */
function averageWindows(
  graph: GraphBuilder,
  { name, inputs, shape, operation }: Node<WindowMeans>,
  [height = 0, width = 0, channels = 0]: Shape,
): void {
  const size = height * width;
  const [rows = 0, columns = 0] = shape;
  const flat = graph.integers(`${name}/flat`, [0, channels, size]);
  const pixels = graph.add('Reshape', `${name}/pixels`, [...inputs, flat]);
  const shares = graph.floats(`${name}/shares`, [size, rows * columns], () =>
    reverseAxes(windowShares(operation, height, width), [rows * columns, 1, size]),
  );
  const means = graph.add('MatMul', `${name}/means`, [pixels, shares]);
  const image = graph.integers(`${name}/shape`, [0, channels, rows, columns]);
  graph.add('Reshape', name, [means, image]);
}

function vector(graph: GraphBuilder, name: string, constant: Constant): string {
  return graph.floats(name, [elements(constant.shape)], constant.read);
}

/** Those before all axes, then those after. */
function padsOf([[top, bottom], [left, right]]: Padding): number[] {
  return [top, left, bottom, right];
}
