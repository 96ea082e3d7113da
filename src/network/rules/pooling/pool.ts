import type * as tf from '@tensorflow/tfjs-core';
import { MAX_POOL_FILTER } from '../../../backend/addon.js';
import { backendHasNative, runKernel } from '../../run-kernel.js';
import { impliedPadding, padAttribute } from '../products/padding.js';
import { isPlainImage, type LayerNode, type Operation } from '../rule.js';
import { stockMaxPool, stockMaxPoolGradient } from './stock-max-pool.js';
import { type Range, windowMeans } from './window-means.js';

/** MaxPooling2D with the padding before it. */
export function maxPool(node: LayerNode): Operation | undefined {
  const attributes = poolAttributes(node);
  if (!attributes) return undefined;
  const native = backendHasNative() && Math.max(...attributes.filterSize) <= MAX_POOL_FILTER;
  return {
    keeps: { inputs: [0], output: true },
    forward: ([x]) =>
      native ? runKernel('MaxPool', { x }, attributes) : stockMaxPool(x as tf.Tensor, attributes),
    backward(dy, [x], output) {
      const inputs = { dy, input: x as tf.Tensor, output };
      const dx = native
        ? runKernel('MaxPoolGrad', inputs, attributes)
        : stockMaxPoolGradient(inputs, attributes);
      return [dx];
    },
  };
}

/** AveragePooling2D; zeros of `same` padding do not count. */
export function averagePool(node: LayerNode): Operation | undefined {
  const attributes = poolAttributes(node);
  if (!attributes) return undefined;
  // tfjs's gradient divides by the whole window also where part of it is padding.
  if (node.config['padding'] === 'same') return windowMeans(node, ...unpaddedRanges(node));
  return {
    keeps: { inputs: [0], output: false },
    forward: ([x]) => runKernel('AvgPool', { x }, attributes),
    backward(dy, [input]) {
      return [runKernel('AvgPoolGrad', { dy, input }, attributes)];
    },
  };
}

/** The windows without their padding. */
function unpaddedRanges(node: LayerNode): [rows: Range[], columns: Range[]] {
  const filterSize = node.config['poolSize'] as [number, number];
  const strides = node.config['strides'] as [number, number];
  const paddings = impliedPadding(node, filterSize, strides);
  const [, ...sizes] = node.inputShapes[0] as number[];
  const [, ...counts] = node.outputShape as number[];
  const rangesOf = (axis: 0 | 1) =>
    Array.from({ length: counts[axis] as number }, (_, index): Range => {
      const begin = index * strides[axis] - paddings[axis][0];
      return [Math.max(0, begin), Math.min(sizes[axis] as number, begin + filterSize[axis])];
    });
  return [rangesOf(0), rangesOf(1)];
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
