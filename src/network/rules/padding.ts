import { backend_util } from '@tensorflow/tfjs-core';
import { backendHasNative, runKernel } from '../kernels.js';
import type { LayerNode, Operation, Padding } from './rule.js';

type Window = readonly [number, number];

/** ZeroPadding2D on its own, where it is not folded into the next layer. */
export function zeroPadding(node: LayerNode): Operation | undefined {
  const padding = paddingOf(node);
  if (!padding) return undefined;
  const [[top], [left]] = padding;
  const paddings = [[0, 0], ...padding, [0, 0]];
  return {
    keeps: { inputs: [], output: false },
    forward: ([x]) => runKernel('PadV2', { x }, { paddings, constantValue: 0 }),
    backward(dy) {
      const [, height = 0, width = 0, channels = 0] = node.inputShapes[0] as number[];
      const size = [dy.shape[0], height, width, channels];
      return [runKernel('Slice', { x: dy }, { begin: [0, top, left, 0], size })];
    },
  };
}

/** The zeros that a ZeroPadding2D layer adds, if it adds them to channels-last images. */
export function paddingOf({ config }: Pick<LayerNode, 'config'>): Padding | undefined {
  if (config['dataFormat'] !== 'channelsLast') return undefined;
  return config['padding'] as unknown as Padding;
}

/**
 * The `pad` attribute of a convolution or pooling: explicit for our backend and for folded padding,
 * else tf's own word, the only form that libtensorflow takes.
 */
export function padAttribute(node: LayerNode, window: Window, strides: Window): unknown {
  const word = node.config['padding'] as 'valid' | 'same';
  if (!node.padding && !backendHasNative()) return word;
  const [[top, bottom], [left, right]] = node.padding ?? impliedPadding(node, window, strides);
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/** What `same` means at this image size. */
export function impliedPadding(node: LayerNode, window: Window, strides: Window): Padding {
  const [, height = 0, width = 0] = node.inputShapes[0] as number[];
  const { top, bottom, left, right } = backend_util.computePool2DInfo(
    [1, height, width, 1],
    window as [number, number],
    strides as [number, number],
    1,
    node.config['padding'] as 'valid' | 'same',
  ).padInfo;
  return [
    [top, bottom],
    [left, right],
  ];
}
