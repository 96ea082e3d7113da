/** Every kernel of the addon with small inputs, for non-finite.test.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { ARITHMETIC, COMPARISONS, UNARY } from '../../src/backend/parameters.js';
import {
  groupedFilterGradient,
  groupedForward,
  groupedInputGradient,
} from '../../src/network/rules/products/groups.js';
import { runKernel } from './compare.js';
import type { Input, Row, Tensors } from './non-finite.js';
import { type Pooling, plainArgMax, plainMaxPool, plainMaxPoolGradient } from './plain-kernels.js';

const all = (name: string, inputs: Tensors, attributes: object = {}) =>
  [runKernel(name, inputs, attributes)].flat() as tf.Tensor[];

const vector = (channels: number): Input => ({ shape: [channels], float32: true });
const positive = (channels: number): Input => ({ ...vector(channels), positive: true });

function elementwise(): Row[] {
  const unary = UNARY.map((name): Row => {
    const attributes = name === 'Step' ? { alpha: 0 } : {};
    return { name, inputs: { x: { shape: [7, 23] } }, run: (x) => all(name, x, attributes) };
  });
  const binary = [...ARITHMETIC, ...COMPARISONS].map((name): Row => {
    const inputs = { a: { shape: [5, 19] }, b: { shape: [5, 19] } };
    return { name, inputs, run: (ab) => all(name, ab) };
  });
  const repeated = ARITHMETIC.map((name): Row => {
    const inputs = { a: { shape: [5, 19] }, b: { shape: [] } };
    return { name: `${name} with a number`, inputs, run: (ab) => all(name, ab) };
  });
  return [...unary, ...binary, ...repeated];
}

interface Convolution {
  readonly what: string;
  readonly size: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly filter: number;
  readonly stride?: number;
  readonly pad?: 'same' | 'valid';
  readonly groups?: number;
  /** Where the reference is slow. */
  readonly batch?: number;
}

// One for each way the kernels go.
// biome-ignore format: columns
const CONVOLUTIONS: readonly Convolution[] = [
  { what: 'of few channels', size: 7, inChannels: 3, outChannels: 7, filter: 3, stride: 2 },
  { what: 'of many channels', size: 6, inChannels: 40, outChannels: 48, filter: 3, stride: 2 },
  { what: '1×1', size: 5, inChannels: 17, outChannels: 33, filter: 1 },
  { what: '1×1 with a stride', size: 7, inChannels: 32, outChannels: 16, filter: 1, stride: 2 },
  { what: '1×1 of many pixels', size: 65, inChannels: 16, outChannels: 16, filter: 1 },
  { what: 'of grey images', size: 9, inChannels: 1, outChannels: 6, filter: 5 },
  { what: '3×3 by Winograd', size: 12, inChannels: 16, outChannels: 32, filter: 3 },
  { what: '5×5 by Winograd', size: 8, inChannels: 64, outChannels: 128, filter: 5, batch: 1 },
  { what: 'in groups', size: 6, inChannels: 12, outChannels: 6, filter: 3, groups: 3 },
  { what: 'in groups by Winograd', size: 12, inChannels: 32, outChannels: 32, filter: 3, groups: 2 },
];

const ACTIVATIONS = { linear: (x: tf.Tensor) => x, relu: tf.relu, tanh: tf.tanh };

function convolutions(): Row[] {
  return CONVOLUTIONS.flatMap((convolution) => {
    const { what, size, inChannels, outChannels, filter, stride = 1 } = convolution;
    const { groups = 1, batch = 2, pad = 'same' } = convolution;
    const out = Math.ceil(size / stride);
    const x: Input = { shape: [batch, size, size, inChannels] };
    const dy: Input = { shape: [batch, out, out, outChannels] };
    const filterShape = [filter, filter, inChannels / groups, outChannels];
    const w: Input = { shape: filterShape, float32: true };
    const attributes = { strides: [stride, stride], pad, dataFormat: 'NHWC', dilations: [1, 1] };
    const filterAttributes = { ...attributes, filterShape };
    const inputAttributes = { ...attributes, inputShape: [...x.shape] };
    const forward = Object.entries(ACTIVATIONS).map(
      ([activation, apply]): Row => ({
        name: `the convolution ${what} with ${activation}`,
        inputs: { x, filter: w, bias: vector(outChannels) },
        run: (inputs) => all('FusedConv2D', inputs, { ...attributes, activation }),
        plain: (inputs) => apply(groupedForward(inputs as never, attributes, groups)),
        cellOf: channelOfImage,
      }),
    );
    return [
      ...forward,
      {
        name: `the input's gradient of the convolution ${what}`,
        inputs: { dy, filter: w },
        run: (inputs) => all('Conv2DBackpropInput', inputs, inputAttributes),
        plain: (inputs) =>
          groupedInputGradient(
            inputs['dy'] as tf.Tensor,
            inputs['filter'] as tf.Tensor,
            inputAttributes,
            groups,
          ),
        cellOf: channelOfImage,
      },
      {
        name: `the filter's gradient of the convolution ${what}`,
        inputs: { x, dy },
        run: (inputs) => all('Conv2DBackpropFilter', inputs, filterAttributes),
        plain: (inputs) =>
          groupedFilterGradient(
            inputs['x'] as tf.Tensor,
            inputs['dy'] as tf.Tensor,
            filterAttributes,
            groups,
          ),
        // All taps from one channel to one.
        cellOf: (index, [, , channels = 1, filters = 1]) => index % (channels * filters),
      },
    ];
  });
}

/** Winograd's tiles, and zeros around an image times a weight that is not finite. */
function channelOfImage(index: number, [, height = 1, width = 1, channels = 1]: readonly number[]) {
  return Math.floor(index / (height * width * channels)) * channels + (index % channels);
}

function products(): Row[] {
  const shapes = { a: { shape: [5, 19] }, b: { shape: [19, 7], float32: true } };
  const transposed = { a: { shape: [19, 5] }, b: { shape: [7, 19] } };
  return [
    ...Object.entries(ACTIVATIONS).map(
      ([activation, apply]): Row => ({
        name: `a dense layer with ${activation}`,
        inputs: { ...shapes, bias: vector(7) },
        run: (inputs) => all('_FusedMatMul', inputs, { activation }),
        plain: ({ a, b, bias }) =>
          apply(tf.add(tf.matMul(a as tf.Tensor, b as tf.Tensor), bias as tf.Tensor)),
      }),
    ),
    {
      name: 'a transposed product',
      inputs: transposed,
      run: (inputs) => all('BatchMatMul', inputs, { transposeA: true, transposeB: true }),
    },
  ];
}

function pools(): Row[] {
  const pooling = (filter: number, stride: number, pad: Pooling['pad'], channels: number) => {
    const attributes: Pooling = { filterSize: [filter, filter], strides: [stride, stride], pad };
    const x: Input = { shape: [2, 8, 8, channels] };
    const out = pad === 'same' ? Math.ceil(8 / stride) : Math.floor((8 - filter) / stride) + 1;
    const dy: Input = { shape: [2, out, out, channels] };
    const what = `${filter}×${filter} windows at ${stride}, ${pad}`;
    const output = (input: tf.Tensor) => runKernel('MaxPool', { x: input }, attributes);
    return [
      {
        name: `maxima of ${what}`,
        inputs: { x },
        run: (inputs) => all('MaxPool', inputs, attributes),
        plain: (inputs) => plainMaxPool(inputs['x'] as tf.Tensor, attributes),
      },
      {
        name: `the gradient of maxima of ${what}`,
        inputs: { input: x, dy },
        run: ({ input, dy: gradient }) => {
          const inputs = { dy: gradient, input, output: output(input as tf.Tensor) };
          return all('MaxPoolGrad', inputs as Tensors, attributes);
        },
        plain: ({ input, dy: gradient }) =>
          plainMaxPoolGradient(input as tf.Tensor, gradient as tf.Tensor, attributes),
      },
      {
        name: `means of ${what}`,
        inputs: { x },
        run: (inputs) => all('AvgPool', inputs, attributes),
      },
      {
        name: `the gradient of means of ${what}`,
        inputs: { dy },
        run: ({ dy: gradient }) => {
          const input = tf.zeros([...x.shape]);
          return all('AvgPoolGrad', { dy: gradient as tf.Tensor, input }, attributes);
        },
      },
    ] satisfies Row[];
  };
  return [
    ...pooling(2, 2, 'valid', 35),
    ...pooling(2, 2, 'same', 1),
    ...pooling(3, 2, 'same', 64),
    ...pooling(3, 1, 'valid', 3),
    ...pooling(5, 3, 'same', 19),
  ];
}

function windowMeans(): Row[] {
  const windows = { rows: [[0, 5]], columns: [[0, 7]] };
  return [
    {
      name: 'the mean of an image',
      inputs: { x: { shape: [2, 5, 7, 19] } },
      run: (inputs) => all('WindowMeans', inputs, windows),
    },
    {
      name: 'the gradient of the mean of an image',
      inputs: { dy: { shape: [2, 1, 1, 19] } },
      run: (inputs) => all('WindowMeansGrad', inputs, { ...windows, height: 5, width: 7 }),
    },
  ];
}

function reductions(): Row[] {
  return [
    ...['Sum', 'Mean', 'Prod', 'Max', 'Min'].flatMap((name): Row[] => [
      {
        name: `${name} of rows`,
        inputs: { x: { shape: [3, 77] } },
        run: (x) => all(name, x, { axis: 1, reductionIndices: 1 }),
      },
      {
        name: `${name} of columns`,
        inputs: { x: { shape: [77, 9] } },
        run: (x) => all(name, x, { axis: 0, reductionIndices: 0 }),
      },
    ]),
    {
      name: 'Softmax',
      inputs: { logits: { shape: [3, 21] } },
      run: (x) => all('Softmax', x, { dim: -1 }),
    },
    {
      name: 'ArgMax',
      inputs: { x: { shape: [5, 21] } },
      run: (x) => all('ArgMax', x, { axis: 1 }),
      plain: ({ x }) => plainArgMax(x as tf.Tensor),
    },
  ];
}

function moves(): Row[] {
  const x: Input = { shape: [3, 4, 5] };
  return [
    {
      name: 'Concat',
      inputs: { a: x, b: x },
      run: ({ a, b }) => all('Concat', [a, b] as never, { axis: 1 }),
    },
    {
      name: 'SplitV',
      inputs: { x },
      run: (given) => all('SplitV', given, { numOrSizeSplits: [1, 3], axis: 1 }),
    },
    {
      name: 'Transpose',
      inputs: { x },
      run: (given) => all('Transpose', given, { perm: [2, 0, 1] }),
    },
    {
      name: 'PadV2',
      inputs: { x },
      run: (given) =>
        all('PadV2', given, {
          paddings: [
            [1, 0],
            [0, 2],
            [1, 1],
          ],
          constantValue: 0.5,
        }),
    },
    {
      name: 'Cast to int32',
      inputs: { x },
      run: (given) => all('Cast', given, { dtype: 'int32' }),
    },
    { name: 'Cast to bool', inputs: { x }, run: (given) => all('Cast', given, { dtype: 'bool' }) },
  ];
}

/** The rows of kernels that inference runs too. */
export const PLAIN_ROWS: readonly Row[] = [
  ...elementwise(),
  ...convolutions(),
  ...products(),
  ...pools(),
  ...windowMeans(),
  ...reductions(),
  ...moves(),
];

export { all, positive, vector };
