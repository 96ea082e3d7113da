/** Folds padding, normalisation and activations into the convolution or product beside them. */
import type { Padding } from '../../network/rules/rule.js';
import type {
  Constant,
  Convolution,
  InferenceGraph,
  Node,
  Normalisation,
  Product,
  ZeroPadding,
} from './operations.js';

/** The same function in fewer nodes. A node that takes one in goes by the last one's name. */
export function simplify(graph: InferenceGraph): InferenceGraph {
  return {
    ...graph,
    nodes: [foldPadding, foldNormalisation, foldActivations].reduce(applied, graph.nodes),
  };
}

type Nodes = readonly Node[];
/** One node in place of two, the first of which the second alone reads; undefined leaves them. */
type Fold = (first: Node, second: Node) => Node | undefined;

function applied(nodes: Nodes, fold: Fold): Nodes {
  const readers = new Map<string, number>();
  for (const name of nodes.flatMap(({ inputs }) => inputs)) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  const result = new Map<string, Node>();
  for (const node of nodes) {
    const [input = ''] = node.inputs;
    const before = node.inputs.length === 1 && readers.get(input) === 1 && result.get(input);
    const folded = before ? fold(before, node) : undefined;
    if (folded) result.delete(input);
    result.set(node.name, folded ?? node);
  }
  return [...result.values()];
}

function foldPadding(first: Node, second: Node): Node | undefined {
  const [pad, convolution] = [first.operation, second.operation];
  if (pad.kind !== 'zeroPadding' || convolution.kind !== 'convolution') return undefined;
  if (pad.sides[2].some(Boolean)) return undefined;
  const operation = { ...convolution, padding: sum(convolution.padding, pad) };
  return { ...second, inputs: first.inputs, operation };
}

function sum(padding: Padding, { sides }: ZeroPadding): Padding {
  const [[top, bottom], [left, right]] = padding;
  const [rows, columns] = sides;
  return [
    [top + rows[0], bottom + rows[1]],
    [left + columns[0], right + columns[1]],
  ];
}

function foldNormalisation(first: Node, second: Node): Node | undefined {
  const [before, norm] = [first.operation, second.operation];
  if (norm.kind !== 'normalisation' || !isLinear(before)) return undefined;
  return { ...second, inputs: first.inputs, operation: normalised(before, norm) };
}

function foldActivations(first: Node, second: Node): Node | undefined {
  const [before, { kind }] = [first.operation, second.operation];
  if (kind !== 'activation' || !isLinear(before)) return undefined;
  const { activation } = second.operation as { activation: Convolution['activation'] };
  return { ...second, inputs: first.inputs, operation: { ...before, activation } };
}

function isLinear(operation: Node['operation']): operation is Convolution | Product {
  const { kind } = operation;
  return (kind === 'convolution' || kind === 'product') && operation.activation === 'linear';
}

/** The normalisation's factor goes into the kernel of its output channel. */
function normalised<Of extends Convolution | Product>(before: Of, norm: Normalisation): Of {
  const { kernel, bias } = before;
  const outputs = kernel.shape.at(-1) as number;
  const folded: Constant = {
    shape: kernel.shape,
    read() {
      const factors = factorsOf(norm);
      return kernel.read().map((value, index) => value * (factors[index % outputs] as number));
    },
  };
  const shifted: Constant = {
    shape: [outputs],
    read() {
      const factors = factorsOf(norm);
      const given = bias?.read();
      const mean = norm.mean.read();
      return norm.beta.read().map((offset, channel) => {
        const shift = (given?.[channel] ?? 0) - (mean[channel] as number);
        return offset + shift * (factors[channel] as number);
      });
    },
  };
  return { ...before, kernel: folded, bias: shifted };
}

/** gamma / √(variance + epsilon), in double precision. */
function factorsOf({ gamma, variance, epsilon }: Normalisation): Float64Array {
  const variances = variance.read();
  return Float64Array.from(gamma.read(), (value, channel) => {
    return value / Math.sqrt((variances[channel] as number) + epsilon);
  });
}
