/** Calls as the rows of the kernel table make them, one or more of each kernel, for tests that damage them. */
import type { NativeKernel, Parameters } from '../../src/backend/parameters.js';
import { ARITHMETIC, COMPARISONS, UNARY } from '../../src/backend/parameters.js';

/** A tensor by its type and number of values; 'none' is an input that is left out. */
export type TensorText = `${'f32' | 'bf16' | 'i32' | 'u8'}:${number}` | 'none';

export interface SoundCall {
  kernel: NativeKernel;
  inputs: readonly TensorText[];
  outputs: readonly TensorText[];
  parameters: Parameters;
}

const call = (
  kernel: NativeKernel,
  inputs: readonly TensorText[],
  outputs: readonly TensorText[],
  parameters: Parameters = {},
): SoundCall => ({ kernel, inputs, outputs, parameters });

const RELU = 1;
/** Two rows of four channels, and vectors of the channels. */
const X = 'f32:8';
const V = 'f32:4';
const ROWS = { rows: 2, channels: 4 };

const WINDOW = {
  ...{ strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
  ...{ padTop: 0, padLeft: 0 },
};

/** An image of `side` pixels squared, and a filter that leaves its size. */
function convolution(side: number, channels: number, filter: number) {
  const sides = { inHeight: side, inWidth: side, outHeight: side, outWidth: side };
  const pad = (filter - 1) / 2;
  const parameters = {
    ...{ batch: 1, ...sides, inChannels: channels, outChannels: channels, ...WINDOW },
    ...{ filterHeight: filter, filterWidth: filter, padTop: pad, padLeft: pad },
    ...{ groups: 1, activation: 0 },
  };
  const x = `f32:${side * side * channels}` as const;
  const w = `f32:${filter * filter * channels * channels}` as const;
  return [
    call('FusedConv2D', [x, w, `f32:${channels}`], [x], { ...parameters, activation: RELU }),
    call('Conv2DBackpropInput', [x, w], [x], parameters),
    call('Conv2DBackpropFilter', [x, x], [w], parameters),
  ];
}

/** Windows of 2×2 pixels on 4×4. */
const POOL = {
  ...{ batch: 1, inHeight: 4, inWidth: 4, channels: 2, outHeight: 2, outWidth: 2, ...WINDOW },
  ...{ filterHeight: 2, filterWidth: 2, strideHeight: 2, strideWidth: 2 },
};
const WINDOW_MEANS = {
  ...{ batch: 1, inHeight: 4, inWidth: 4, channels: 2, outHeight: 2, outWidth: 2 },
  ...{ rows: [0, 2, 2, 4], columns: [0, 2, 2, 4] },
};
const REDUCE = { outer: 2, reduce: 2, inner: 2, divisor: 1 };
const BINARY = { rank: 2, sizes: [2, 4], stridesA: [4, 1], stridesB: [0, 1] };
const LRN = { ...ROWS, radius: 2, bias: 1, alpha: 1, beta: 0.75 };
const LOSS = { rows: 2, classes: 4, hits: 1, smoothing: 0.1, weight: 1 };
const BY_WEIGHT = { lr: 0.1, gradientScale: 1, weightDecay: [0.1], lrScale: [1] };
const ADAM = {
  ...{ beta1: 0.9, beta2: 0.99, epsilon: 1e-8, correction1: 0.1, correction2: 0.1 },
  ...BY_WEIGHT,
};
const LARS = { nesterov: 1, momentum: 0.9, trust: 0.001, epsilon: 1e-8, ...BY_WEIGHT };
const BATCH_NORM = { ...ROWS, activation: RELU, epsilon: 1e-3, momentum: 0.9, unbiased: 1 };
/** The first two of four channels. */
const SLICE = { rows: 2, channels: 2, stride: 4, activation: RELU, epsilon: 1e-3 };
const APPEND = { rows: 2, channels: 2, offset: 2, stride: 4, statistics: 1 };

/** Kernels that GPUs do not have. */
export const CPU_ONLY: readonly NativeKernel[] = ['AllReduceStart', 'AllReduceWait', 'AllGather'];

export const SOUND_CALLS: readonly SoundCall[] = [
  ...UNARY.map((kernel) => call(kernel, [X], [X])),
  ...ARITHMETIC.map((kernel) => call(kernel, [X, V], [X], BINARY)),
  ...COMPARISONS.map((kernel) => call(kernel, [X, V], ['u8:8'], BINARY)),
  ...convolution(2, 2, 1),
  ...convolution(6, 16, 3),
  call('MaxPool', ['f32:32'], [X], POOL),
  call('AvgPool', ['f32:32'], [X], POOL),
  call('MaxPoolGrad', [X, 'f32:32', X], ['f32:32'], POOL),
  call('AvgPoolGrad', [X], ['f32:32'], POOL),
  call('WindowMeans', ['f32:32'], [X], WINDOW_MEANS),
  call('WindowMeansGrad', [X], ['f32:32'], WINDOW_MEANS),
  call('BatchMatMul', [X, X, 'f32:2'], [V], {
    ...{ batchA: 1, batchB: 1, m: 2, k: 4, n: 2, transposeA: 0, transposeB: 0, activation: 0 },
  }),
  call('LRN', [X], [X], LRN),
  call('LRNGrad', [X, X, X], [X], LRN),
  call('SoftmaxCrossEntropy', [X, 'i32:2'], ['f32:4', X], LOSS),
  call('SoftmaxCrossEntropy', [X, 'i32:2', 'i32:2', V], ['f32:4', X], LOSS),
  call('SigmoidCrossEntropy', [X, 'i32:2', 'i32:2', V], ['f32:4', X], LOSS),
  call('ImageToFloat', ['u8:24', 'i32:2', 'f32:6'], ['f32:24'], {
    ...{ batch: 2, height: 2, width: 2, channels: 3, scale: [1, 1, 1], shift: [0, 0, 0] },
  }),
  call('MixImages', ['f32:24', 'i32:10', 'f32:2'], ['f32:24'], {
    ...{ batch: 2, height: 2, width: 2, channels: 3 },
  }),
  call('BiasActivationGrad', [X, X], [X, V], { ...ROWS, activation: RELU, bias: 1 }),
  call('BatchNormTrain', [X, V, V, V, V, X], [X, V, V], BATCH_NORM),
  call('BatchNormInference', [X, 'none', V, V, V, 'none'], [X], {
    ...{ ...ROWS, activation: RELU, epsilon: 1e-3 },
  }),
  call('BatchNormGrad', [X, X, V, V, V, V, X], [X, V, V, X], {
    ...{ ...ROWS, activation: RELU, frozen: 0 },
  }),
  call('BatchNormSlice', [X, V, V, V, V, V, V], [V], { ...SLICE, unbiased: 1, momentum: 0.9 }),
  call('BatchNormSliceGrad', [X, V, V, V, V, V, X], ['f32:2', 'f32:2'], { ...SLICE, frozen: 0 }),
  call('AppendChannels', [V, X, V, V], [], APPEND),
  call('AppendChannels', [V], [X, V, V], { ...APPEND, offset: 0 }),
  call('Dropout', [X], [X], { seed: 1, step: 2, layer: 3, threshold: 5, first: 0, scale: 2 }),
  call('AllReduceStart', [X, V], ['f32:12'], { step: 1, narrow: 0 }),
  call('AllReduceWait', ['f32:12', V], [X, V], { images: 2 }),
  call('AllGather', [X], [X, X], { step: 1 }),
  call('Sgd', [X, X, X, 'f32:1'], [], { nesterov: 1, caffe: 0, momentum: 0.9, ...BY_WEIGHT }),
  call('RmsProp', [X, X, X, X], [], { alpha: 0.9, epsilon: 1e-3, momentum: 0.9, ...BY_WEIGHT }),
  call('AdamW', [X, X, X, X], [], ADAM),
  call('Lamb', [X, X, X, X], [], ADAM),
  call('Lars', [X, X, X], [], LARS),
  call('GradientClip', [X, V], ['f32:1'], { maxNorm: 1, gradientScale: 1 }),
  call('Accumulate', [X, X, V, V], [], { keep: 1, share: 0.5 }),
  ...(['Sum', 'Prod', 'Max', 'Min'] as const).map((name) => call(name, [X], [V], REDUCE)),
  call('ArgMax', [X], ['i32:4'], REDUCE),
  call('Concat', [X, V], ['f32:12'], { sizes: [4, 2] }),
  call('SplitV', ['f32:12'], [X, V], { sizes: [4, 2] }),
  call('StridedCopy', [X], [V], { rank: 2, offset: 0, sizes: [2, 2], strides: [1, 4] }),
  call('PadV2', [X], ['f32:10'], { rank: 1, value: 0, outSizes: [10], before: [1], inSizes: [8] }),
  call('Fill', [], [X], { value: 1 }),
  call('Cast', [X], ['i32:8'], {}),
  call('PeakMultiplyAdd', [], ['f32:1'], { threads: 1, count: 192 }),
  call('PeakCopy', [X], [X]),
  call('PeakUpdate', [X], []),
];
