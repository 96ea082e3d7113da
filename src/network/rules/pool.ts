import { runKernel } from '../kernels.js';
import { padAttribute } from './padding.js';
import { isPlainImage, type LayerNode, type Operation } from './rule.js';

/** MaxPooling2D with the padding before it. */
export function maxPool(node: LayerNode): Operation | undefined {
  const attributes = poolAttributes(node);
  if (!attributes) return undefined;
  return {
    keeps: { inputs: [0], output: true },
    forward: ([x]) => runKernel('MaxPool', { x }, attributes),
    backward(dy, [input], output) {
      return [runKernel('MaxPoolGrad', { dy, input, output }, attributes)];
    },
  };
}

/** AveragePooling2D; zeros of `same` padding do not count. */
export function averagePool(node: LayerNode): Operation | undefined {
  const attributes = poolAttributes(node);
  if (!attributes) return undefined;
  return {
    keeps: { inputs: [0], output: false },
    forward: ([x]) => runKernel('AvgPool', { x }, attributes),
    backward(dy, [input]) {
      return [runKernel('AvgPoolGrad', { dy, input }, attributes)];
    },
  };
}

function poolAttributes(node: LayerNode) {
  if (!isPlainImage(node)) return undefined;
  const filterSize = node.config['poolSize'] as [number, number];
  const strides = node.config['strides'] as [number, number];
  return {
    filterSize,
    strides,
    pad: padAttribute(node, filterSize, strides),
    dimRoundingMode: undefined,
  };
}
