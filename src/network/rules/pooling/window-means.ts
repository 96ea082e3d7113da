import type * as tf from '@tensorflow/tfjs-core';
import { runKernel } from '../../run-kernel.js';
import type { LayerNode, Operation } from '../rule.js';

/** A range [begin, end) of rows or columns. */
export type Range = readonly [begin: number, end: number];

/** GlobalAveragePooling2D: the mean of each channel, (N, C) or (N, 1, 1, C). */
export function globalAveragePool(node: LayerNode): Operation | undefined {
  const size = imageSize(node);
  if (!size) return undefined;
  const [height, width] = size;
  const means = windowMeans(node, [[0, height]], [[0, width]]);
  if (node.config['keepDims'] === true) return means;
  return {
    ...means,
    forward(inputs, pass) {
      const y = means.forward(inputs, pass);
      const row = runKernel('Reshape', { x: y }, { shape: [y.shape[0], y.shape[3]] });
      y.dispose();
      return row;
    },
    backward(dy, inputs, output, pass) {
      const pixel = runKernel('Reshape', { x: dy }, { shape: [dy.shape[0], 1, 1, dy.shape[1]] });
      const dInputs = means.backward(pixel, inputs, output, pass);
      pixel.dispose();
      return dInputs;
    },
  };
}

/** AdaptiveAveragePooling2D (src/archs/layers). */
export function adaptiveAveragePool(node: LayerNode): Operation | undefined {
  const size = imageSize(node);
  if (!size) return undefined;
  const [rows, columns] = node.config['outputSize'] as [number, number];
  return windowMeans(node, adaptiveRanges(size[0], rows), adaptiveRanges(size[1], columns));
}

/** PyTorch's windows over a length: from ⌊i L / n⌋ to ⌈(i + 1) L / n⌉. */
export function adaptiveRanges(length: number, count: number): Range[] {
  return Array.from({ length: count }, (_, index) => [
    Math.floor((index * length) / count),
    Math.ceil(((index + 1) * length) / count),
  ]);
}

/** The mean over each of `rows` by each of `columns`. */
export function windowMeans(
  node: LayerNode,
  rows: readonly Range[],
  columns: readonly Range[],
): Operation {
  const [, height, width] = node.inputShapes[0] as number[];
  const attributes = { rows, columns };
  const gradientAttributes = { ...attributes, height, width };
  return {
    keeps: { inputs: [], output: false },
    forward: ([x]) => runKernel('WindowMeans', { x }, attributes),
    backward: (dy): tf.Tensor[] => [runKernel('WindowMeansGrad', { dy }, gradientAttributes)],
  };
}

/** Height and width of channels-last images, where they are known. */
function imageSize({ config, inputShapes }: LayerNode): readonly [number, number] | undefined {
  const [, height, width] = inputShapes[0] ?? [];
  if ((config['dataFormat'] ?? 'channelsLast') !== 'channelsLast') return undefined;
  return typeof height === 'number' && typeof width === 'number' ? [height, width] : undefined;
}
