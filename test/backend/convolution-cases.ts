/** Convolutions of random shapes with their gradients, held to plain loops. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { random } from '../../src/rng.js';
import { assertClose, numbers } from '../network/backends.js';
import { device, runKernel, stored } from './compare.js';
import { type Convolution, outputSize, plainConvolution } from './plain-convolution.js';

const ACTIVATIONS = ['linear', 'relu', 'tanh'] as const;

/** Ragged shapes with rectangular filters, strides, dilations, groups and uneven padding. */
export function randomShapes(count: number): Convolution[] {
  const draw = random(3, 'augment');
  const from = (low: number, high: number) => low + Math.floor(draw.uniform() * (high - low + 1));
  const pair = (low: number, high: number) => [from(low, high), from(low, high)] as const;
  return Array.from({ length: count }, (_, index) => {
    const groups = [1, 1, 2, 3][index % 4] as number;
    const filter = index % 5 === 0 ? ([1, 1] as const) : pair(1, 4);
    const dilation = index % 3 === 0 ? pair(1, 3) : ([1, 1] as const);
    return {
      batch: from(1, 3),
      // Larger than every window, so that no output is empty.
      size: pair(10, 14),
      inChannels: groups * from(1, 20),
      outChannels: groups * from(1, 20),
      filter,
      stride: index % 2 === 0 ? ([1, 1] as const) : pair(1, 3),
      dilation,
      pad: [pair(0, filter[0] - 1), pair(0, filter[1] - 1)],
      groups,
    };
  });
}

/** Strided 1×1 filters on channels that oneDNN pads to its blocks. */
export function stridedPointwiseShapes(): Convolution[] {
  return [
    [1, 1],
    [3, 8],
    [4, 20],
    [7, 1],
    [12, 32],
    [24, 16],
  ].flatMap(([inChannels = 0, outChannels = 0], index) =>
    [1, 2].map((groups) => ({
      batch: 2,
      size: [6 + 3 * (index % 3), 12] as const,
      inChannels: groups * inChannels,
      outChannels: groups * outChannels,
      filter: [1, 1] as const,
      stride: index % 2 === 0 ? ([2, 2] as const) : ([1, 3] as const),
      dilation: [1, 1] as const,
      pad: [
        [0, 0],
        [0, 0],
      ] as const,
      groups,
    })),
  );
}

export function nameOf(shape: Convolution): string {
  const { batch, size, inChannels, outChannels, filter, stride, dilation, pad, groups } = shape;
  const image = `${batch}×${size.join('×')}×${inChannels}`;
  const window = `${filter.join('×')}/${stride.join('×')} dilated ${dilation.join('×')}`;
  return `${image} to ${outChannels}, ${window}, padded ${pad.join(' ')}, ${groups} groups`;
}

/** What has the shape of a tensor of the convolution. */
const OF = { x: 'dx', filter: 'dFilter', dy: 'y', bias: 'bias' } as const;

/** Runs a kernel, once or in several ways, and hands over each result. */
type Run = (compute: () => tf.Tensor, use: (found: tf.Tensor, way: string) => void) => void;

export function check(
  shape: Convolution,
  index: number,
  tolerance: number,
  run: Run = (compute, use) => use(compute(), ''),
): void {
  const { batch, size, inChannels, outChannels, filter, groups } = shape;
  const activation = ACTIVATIONS[index % ACTIVATIONS.length] as string;
  const attributes = {
    strides: shape.stride,
    pad: [[0, 0], ...shape.pad, [0, 0]],
    dataFormat: 'NHWC',
    dilations: shape.dilation,
  };
  const shapes = {
    x: [batch, ...size, inChannels],
    filter: [...filter, inChannels / groups, outChannels],
    dy: [batch, ...outputSize(shape), outChannels],
    bias: [outChannels],
  };
  const draw = (name: keyof typeof shapes, seed: number) =>
    numbers(tf.util.sizeFromShape(shapes[name]), seed + 10 * index);
  const [x, weights, dy, bias] = [draw('x', 1), draw('filter', 2), draw('dy', 3), draw('bias', 4)];
  const wanted = plainConvolution(shape, x, weights, dy);
  const biased = index % 4 !== 3;
  const y = wanted.y.map((value, at) => {
    const sum = value + (biased ? (bias[at % outChannels] as number) : 0);
    return activation === 'relu' ? Math.max(0, sum) : activation === 'tanh' ? Math.tanh(sum) : sum;
  });
  tf.tidy(() => {
    const images = stored(x, shapes.x);
    const gradients = stored(dy, shapes.dy);
    const kernel = tf.tensor(weights, shapes.filter);
    const inputs = { x: images, filter: kernel };
    const hold = (name: keyof typeof shapes, wanted: ArrayLike<number>, compute: () => tf.Tensor) =>
      run(compute, (found, way) =>
        assertClose(found.dataSync(), wanted, tolerance, `${OF[name]} ${way}`),
      );
    hold('dy', y, () =>
      runKernel('FusedConv2D', biased ? { ...inputs, bias: tf.tensor1d(bias) } : inputs, {
        ...attributes,
        activation,
      }),
    );
    hold('x', wanted.dx, () =>
      runKernel(
        'Conv2DBackpropInput',
        { dy: gradients, filter: kernel },
        { ...attributes, inputShape: shapes.x },
      ),
    );
    hold('filter', wanted.dFilter, () =>
      runKernel(
        'Conv2DBackpropFilter',
        { x: images, dy: gradients },
        { ...attributes, filterShape: shapes.filter },
      ),
    );
    assert.deepEqual(
      [...device().fallbacks.keys()].filter((name) => /Conv/.test(name)),
      [],
    );
  });
}
