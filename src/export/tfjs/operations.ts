/** Each operation in TensorFlow's nodes. */
import type { Activation } from '../../activations.js';
import type { Padding } from '../../network/rules/rule.js';
import { windowShares } from '../../network/twins/window-means.js';
import { addActivation } from '../graph/activation.js';
import type {
  Constant,
  Convolution,
  Kind,
  Node,
  Operation,
  Pooling,
  WindowMeans,
} from '../graph/operations.js';
import {
  type Attributes,
  FLOAT,
  type GraphDef,
  integer,
  integers,
  text,
  texts,
} from './graph-def.js';

/** Adds the nodes of an operation; the last one has the name of its value. */
type Writer<Of extends Operation> = (graph: GraphDef, node: Node<Of>, inputShape: Shape) => void;
type Shape = readonly number[];
type Writers = { readonly [K in Kind]: Writer<Extract<Operation, { kind: K }>> };

const WRITERS: Writers = {
  activation: (graph, { name, inputs, operation }) =>
    addActivation(graph, operation.activation, name, inputs[0] as string),
  averagePooling: (graph, node, shape) => pool(graph, 'AvgPool', node, shape),
  concatenation(graph, { name, inputs }) {
    const axis = graph.integers(`${name}/axis`, [3], []);
    graph.add('ConcatV2', name, [...inputs, axis], { N: integer(inputs.length) });
  },
  convolution: convolve,
  flattening: (graph, { name, inputs, shape }) =>
    graph.add('Reshape', name, [...inputs, graph.integers(`${name}/shape`, [-1, ...shape])]),
  globalMeans: (graph, { name, inputs }) =>
    graph.add('Mean', name, [...inputs, graph.integers(`${name}/axes`, [1, 2])]),
  localResponse(graph, { name, inputs, operation }) {
    const { depthRadius, bias, alpha, beta } = operation;
    const constants = { bias: { f: bias }, alpha: { f: alpha }, beta: { f: beta } };
    graph.add('LRN', name, inputs, { depth_radius: integer(depthRadius), ...constants });
  },
  maxPooling: (graph, node, shape) => pool(graph, 'MaxPool', node, shape),
  normalisation(graph, { name, inputs, operation }) {
    const weights = (['gamma', 'beta', 'mean', 'variance'] as const).map((kind) =>
      graph.floats(`${name}/${kind}`, operation[kind]),
    );
    graph.add('FusedBatchNormV3', name, [...inputs, ...weights], {
      epsilon: { f: operation.epsilon },
      is_training: { b: false },
      data_format: text('NHWC'),
    });
  },
  product(graph, { name, inputs, operation: { kernel, bias, activation } }) {
    const operands = [...inputs, graph.floats(`${name}/kernel`, kernel)];
    const attr = { transpose_a: { b: false }, transpose_b: { b: false } };
    fused(graph, { op: 'MatMul', name, operands, attr }, bias, activation);
  },
  scaling(graph, { name, inputs, operation: { factor, offset } }) {
    const [input = ''] = inputs;
    const types = { SrcT: { type: 'DT_INT32' }, DstT: FLOAT };
    const pixels = graph.add('Cast', `${name}/pixels`, [input], types);
    const factors = graph.floats(`${name}/factor`, factor);
    const scaled = graph.add('Mul', `${name}/scaled`, [pixels, factors]);
    graph.add('AddV2', name, [scaled, graph.floats(`${name}/offset`, offset)]);
  },
  softmax: (graph, { name, inputs }) => graph.add('Softmax', name, inputs),
  sum(graph, { name, inputs }) {
    const [first = '', ...others] = inputs;
    others.reduce((total, input, place) => {
      const last = place === others.length - 1;
      return graph.add('AddV2', last ? name : `${name}/${place + 1}`, [total, input]);
    }, first);
  },
  windowMeans: averageWindows,
  zeroPadding(graph, { name, inputs, operation: { sides } }) {
    const paddings = [[0, 0], ...sides].flat();
    graph.add('Pad', name, [...inputs, graph.integers(`${name}/paddings`, paddings, [4, 2])]);
  },
};

/** Adds the nodes of an operation whose first input has a shape, for one image. */
export function writeOperation(graph: GraphDef, node: Node, inputShape: Shape): void {
  const write = WRITERS[node.operation.kind] as Writer<Operation>;
  write(graph, node, inputShape);
}

function convolve(graph: GraphDef, node: Node<Convolution>, inputShape: Shape): void {
  const { name, inputs, operation } = node;
  const { kernel, bias, groups, activation, strides, padding } = operation;
  const attr = {
    strides: integers([1, ...strides, 1]),
    dilations: integers([1, 1, 1, 1]),
    data_format: text('NHWC'),
    ...paddingAttributes(padding, kernel.shape, strides, inputShape),
  };
  if (groups > 1) convolveGroups(graph, node, attr);
  else {
    const operands = [...inputs, graph.floats(`${name}/kernel`, kernel)];
    fused(graph, { op: 'Conv2D', name, operands, attr }, bias, activation);
  }
}

/** TensorFlow.js has no groups in convolutions: the channels are split. */
function convolveGroups(graph: GraphDef, node: Node<Convolution>, attr: Attributes): void {
  const { name, inputs, operation } = node;
  const { kernel, bias, groups, activation } = operation;
  const axis = graph.integers(`${name}/axis`, [3], []);
  const num_split = integer(groups);
  const split = graph.add('Split', `${name}/split`, [axis, ...inputs], { num_split });
  const parts = Array.from({ length: groups }, (_, group) => {
    const part = `${name}/group${group + 1}`;
    const ownKernel = graph.floats(`${part}/kernel`, sliceChannels(kernel, group, groups));
    const operands = [group === 0 ? split : `${split}:${group}`, ownKernel];
    const ownBias = bias && sliceChannels(bias, group, groups);
    fused(graph, { op: 'Conv2D', name: part, operands, attr }, ownBias, activation);
    return part;
  });
  graph.add('ConcatV2', name, [...parts, axis], { N: integer(groups) });
}

/** The output channels of one group. */
function sliceChannels({ shape, read }: Constant, group: number, groups: number): Constant {
  const whole = shape.at(-1) as number;
  const part = whole / groups;
  return {
    shape: [...shape.slice(0, -1), part],
    read() {
      const values = read();
      const result = new Float32Array(values.length / groups);
      for (let row = 0; row < values.length / whole; row++) {
        const begin = row * whole + group * part;
        result.set(values.subarray(begin, begin + part), row * part);
      }
      return result;
    },
  };
}

interface Fusable {
  readonly op: 'Conv2D' | 'MatMul';
  readonly name: string;
  readonly operands: readonly string[];
  readonly attr: Attributes;
}

/** A convolution or product with its bias and activation, in one node where TensorFlow has one. */
function fused(
  graph: GraphDef,
  { op, name, operands, attr }: Fusable,
  bias: Constant | undefined,
  activation: Activation,
): void {
  const relu = activation === 'relu';
  const ends = [...(bias ? ['BiasAdd'] : []), ...(relu ? ['Relu'] : [])];
  const separate = activation === 'linear' || relu ? undefined : activation;
  const own = separate === undefined ? name : `${name}/linear`;
  const inputs = bias ? [...operands, graph.floats(`${name}/bias`, bias)] : operands;
  if (ends.length === 0) graph.add(op, own, inputs, attr);
  else {
    const endings = { fused_ops: texts(ends), num_args: integer(bias ? 1 : 0), epsilon: { f: 0 } };
    graph.add(`_Fused${op}`, own, inputs, { ...attr, ...endings });
  }
  if (separate !== undefined) addActivation(graph, separate, name, own);
}

function pool(graph: GraphDef, op: 'MaxPool' | 'AvgPool', node: Node<Pooling>, inputShape: Shape) {
  const { name, inputs, operation } = node;
  const { size, strides, padding } = operation;
  graph.add(op, name, inputs, {
    ksize: integers([1, ...size, 1]),
    strides: integers([1, ...strides, 1]),
    data_format: text('NHWC'),
    ...paddingAttributes(padding, size, strides, inputShape),
  });
}

/** A product with the share of each pixel in each window. */
function averageWindows(
  graph: GraphDef,
  { name, inputs, shape, operation }: Node<WindowMeans>,
  [height = 0, width = 0, channels = 0]: Shape,
): void {
  const [input = ''] = inputs;
  const rows = graph.integers(`${name}/rows`, [-1, height * width, channels]);
  const pixels = graph.add('Reshape', `${name}/pixels`, [input, rows]);
  const shares = graph.floats(`${name}/shares`, {
    shape: [1, operation.rows.length * operation.columns.length, height * width],
    read: () => windowShares(operation, height, width),
  });
  const attr = { adj_x: { b: false }, adj_y: { b: false } };
  const means = graph.add('BatchMatMulV2', `${name}/means`, [shares, pixels], attr);
  graph.add('Reshape', name, [means, graph.integers(`${name}/shape`, [-1, ...shape])]);
}

type Pair = readonly [number, number];

/** In words where TensorFlow has one for this padding, else in numbers. */
function paddingAttributes(
  padding: Padding,
  [height = 0, width = 0]: Shape,
  strides: Pair,
  inputShape: Shape,
): Attributes {
  const window = [height, width];
  const isSame = padding.every(([before, after], axis) => {
    const [length = 0, size = 0, stride = 1] = [inputShape[axis], window[axis], strides[axis]];
    const all = Math.max((Math.ceil(length / stride) - 1) * stride + size - length, 0);
    return before === Math.floor(all / 2) && after === Math.ceil(all / 2);
  });
  if (padding.flat().every((zeros) => zeros === 0)) return { padding: text('VALID') };
  if (isSame) return { padding: text('SAME') };
  const explicit = [0, 0, ...padding.flat(), 0, 0];
  return { padding: text('EXPLICIT'), explicit_paddings: integers(explicit) };
}
