import { backend_util } from '@tensorflow/tfjs-core';
import { backendHasNative, runKernel } from '../../run-kernel.js';
import type { LayerNode, Operation, Padding } from '../rule.js';

type Window = readonly [number, number];

/** ZeroPadding2D on its own, where it is not folded into the next layer. */
export function zeroPadding(node: LayerNode): Operation | undefined {
  const [rows, columns] = node.config['padding'] as unknown as Padding;
  const none = [0, 0] as const;
  const last = node.config['dataFormat'] === 'channelsLast';
  // Channels first: the last two axes, whatever they are.
  const paddings = last ? [none, rows, columns, none] : [none, none, rows, columns];
  const [, ...inner] = node.inputShapes[0] ?? [];
  if (inner.length !== 3 || inner.includes(null)) return undefined;
  const begin = paddings.map(([before]) => before);
  return {
    keeps: { inputs: [], output: false },
    forward: ([x]) => runKernel('PadV2', { x }, { paddings, constantValue: 0 }),
    backward: (dy) => [runKernel('Slice', { x: dy }, { begin, size: [dy.shape[0], ...inner] })],
  };
}

/** The zeros that a ZeroPadding2D layer adds, if it adds them to channels-last images. */
export function paddingOf({ config }: Pick<LayerNode, 'config'>): Padding | undefined {
  if (config['dataFormat'] !== 'channelsLast') return undefined;
  return config['padding'] as unknown as Padding;
}

/**
 * The `pad` attribute of a convolution or pooling: explicit numbers for our backend and for folded
 * padding, else `same` or `valid`, the only form that libtensorflow takes.
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
export function impliedPadding(
  node: Pick<LayerNode, 'config' | 'inputShapes'>,
  window: Window,
  strides: Window,
): Padding {
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
