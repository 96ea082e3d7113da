/** The kernels of normalisation and training with small inputs, for non-finite.test.ts. */
import * as tf from '@tensorflow/tfjs-core';
import type { Input, Row, Tensors } from './non-finite.js';
import { all, positive, vector } from './non-finite-rows.js';

const IMAGE = [2, 3, 4] as const;

function localResponse(): Row[] {
  return [0.75, 0.5, 0.6].flatMap((beta): Row[] => {
    const attributes = { depthRadius: beta === 0.6 ? 1 : 2, bias: 1, alpha: 0.5, beta };
    const x: Input = { shape: [1, 2, 2, 19] };
    return [
      {
        name: `LRN with β = ${beta}`,
        inputs: { x },
        run: (given) => all('LRN', given, attributes),
      },
      {
        name: `the gradient of LRN with β = ${beta}`,
        inputs: { x, dy: x },
        run: (given) => {
          const y = all('LRN', { x: given['x'] as tf.Tensor }, attributes)[0] as tf.Tensor;
          return all('LRNGrad', { ...given, y }, attributes);
        },
        infinityOrNan: true,
      },
    ];
  });
}

const CHANNELS = 19;
const X: Input = { shape: [...IMAGE, CHANNELS] };
const AFFINE = { gamma: vector(CHANNELS), beta: vector(CHANNELS) };

function normalisation(): Row[] {
  return (['linear', 'relu'] as const).flatMap((activation) =>
    [false, true].flatMap((residual): Row[] => {
      const what = `with ${activation}${residual ? ' and a residual' : ''}`;
      const x = residual ? { x: X, residual: X } : { x: X };
      const epsilon = 1e-3;
      const running = {
        mean: { ...vector(CHANNELS), variable: true },
        variance: { ...positive(CHANNELS), variable: true },
      };
      const train = { epsilon, momentum: 0.9, unbiased: true, activation };
      const y = residual && activation === 'relu' ? { y: X } : {};
      const gradient = { dy: X, x: X, ...AFFINE, mean: vector(CHANNELS) };
      return [
        {
          name: `batch normalisation in training ${what}`,
          inputs: { ...x, ...AFFINE, ...running },
          run: (inputs) => all('BatchNormTrain', inputs, train),
          infinityOrNan: true,
        },
        {
          name: `batch normalisation ${what}`,
          inputs: { ...x, ...AFFINE, mean: vector(CHANNELS), variance: positive(CHANNELS) },
          run: (inputs) => all('BatchNormInference', inputs, { epsilon, activation }),
        },
        ...[false, true].map((frozen): Row => {
          const name = `the gradient of ${frozen ? 'frozen ' : ''}batch normalisation ${what}`;
          const inputs = { ...gradient, inverseDeviation: positive(CHANNELS), ...y };
          const run = (given: Tensors) =>
            all('BatchNormGrad', given, { activation, residual, frozen });
          // Of frozen statistics dx does not depend on x.
          const bad = Object.keys(inputs).filter(
            (name) => !frozen || !['x', 'mean'].includes(name),
          );
          return { name, inputs, run, bad, infinityOrNan: true };
        }),
      ];
    }),
  );
}

/** Batch normalisation of the first maps of a dense block, against that of a slice. */
function joinedMaps(): Row[] {
  const statistics = { mean: vector(CHANNELS), variance: positive(CHANNELS) };
  const attributes = { channels: CHANNELS, epsilon: 1e-3, momentum: 0.9, unbiased: false };
  const inputs = { x: X, ...AFFINE, ...statistics };
  return (['linear', 'relu'] as const).flatMap((activation): Row[] => [
    {
      name: `batch normalisation of joined maps with ${activation}`,
      inputs,
      run: (given) => all('BatchNormSlice', given, { ...attributes, activation }),
      plain: (given) => all('BatchNormInference', given, { epsilon: 1e-3, activation }),
    },
    {
      name: `the gradient of batch normalisation of joined maps with ${activation}`,
      inputs: { ...inputs, dy: X },
      run: (given) => {
        const settings = { ...attributes, activation, frozen: false, first: true };
        return all('BatchNormSliceGrad', given, settings);
      },
      plain: ({ variance, ...given }) => {
        const inverseDeviation = tf.rsqrt(tf.add(variance as tf.Tensor, 1e-3));
        const settings = { activation, residual: false, frozen: false };
        const [dx, ...rest] = all('BatchNormGrad', { ...given, inverseDeviation }, settings);
        return [...rest, dx as tf.Tensor];
      },
      infinityOrNan: true,
    },
    {
      name: `appended maps before batch normalisation with ${activation}`,
      inputs: { x: X },
      run: ({ x }) => all('AppendChannels', { x: x as tf.Tensor }, APPENDED),
      plain: ({ x }) => {
        const { mean, variance } = tf.moments(x as tf.Tensor, [0, 1, 2]);
        return [x as tf.Tensor, mean, variance];
      },
      infinityOrNan: true,
    },
  ]);
}

const APPENDED = { offset: 0, channels: CHANNELS, statistics: true };

/** Optimizers that need more than SGD, and what is done to gradients before them. */
function optimizers(): Row[] {
  const variable: Input = { shape: [130], variable: true };
  const each = { lr: 0.1, weightDecay: [1e-3], lrScale: [1] };
  const adam = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, correction1: 0.1, correction2: 0.01 };
  const rules = {
    RmsProp: { ...each, alpha: 0.9, epsilon: 1e-3, momentum: 0.9 },
    AdamW: { ...each, ...adam },
    Lamb: { ...each, ...adam },
    Lars: { ...each, momentum: 0.9, nesterov: false, trust: 0.1, epsilon: 1e-8 },
  };
  const squares: Input = { ...variable, positive: true };
  const states: Record<keyof typeof rules, Record<string, Input>> = {
    RmsProp: { squares, moment: variable },
    AdamW: { moment: variable, squares },
    Lamb: { moment: variable, squares },
    Lars: { moment: variable },
  };
  return [
    ...Object.entries(rules).map(([name, rule]): Row => {
      const state = states[name as keyof typeof rules];
      return {
        name,
        inputs: { weight: variable, ...state, gradient: { shape: [130] } },
        run: (inputs) => all(name, Object.values(inputs) as never, rule),
        infinityOrNan: true,
      };
    }),
    {
      name: 'GradientClip',
      inputs: { first: { shape: [130] }, second: { shape: [7] } },
      run: (inputs) => {
        const limit = { maxNorm: 1, gradientScale: 0.5 };
        return all('GradientClip', Object.values(inputs) as never, limit);
      },
    },
    {
      name: 'Accumulate',
      inputs: { to: variable, from: { shape: [130] } },
      run: (inputs) => all('Accumulate', Object.values(inputs) as never, { keep: 0.5, share: 2 }),
    },
  ];
}

function training(): Row[] {
  const rows: Row[] = ['linear', 'relu', 'tanh', 'scaledTanh'].map((activation) => ({
    name: `the gradient of a bias and ${activation}`,
    inputs: { dy: { shape: [11, 19] }, y: { shape: [11, 19] } },
    run: (inputs) => all('BiasActivationGrad', inputs, { activation, bias: true }),
  }));
  const logits = { shape: [6, 9], float32: true };
  const labels = () => tf.tensor1d([0, 8, 3, -1, 5, 2], 'int32');
  return [
    ...rows,
    {
      name: 'Dropout',
      inputs: { x: { shape: [300] } },
      run: (inputs) => all('Dropout', inputs, { rate: 0.5, seed: 1, step: 2, layer: 3 }),
    },
    ...['SoftmaxCrossEntropy', 'SigmoidCrossEntropy'].flatMap((kernel) =>
      [0, 0.1].map(
        (smoothing): Row => ({
          name: `${kernel} with smoothing ${smoothing}`,
          inputs: { logits },
          run: (given) => {
            const settings = { smoothing, weight: 1, hits: true };
            return all(kernel, { ...given, labels: labels() }, settings);
          },
          infinityOrNan: true,
        }),
      ),
    ),
    {
      name: 'MixImages',
      inputs: { images: { shape: [2, 4, 5, 3] } },
      run: (inputs) => {
        const rows = tf.tensor2d([1, 0, 0, 5, 4, 0, 0, 0, 5, 4], [2, 5], 'int32');
        return all('MixImages', { ...inputs, rows, shares: tf.tensor1d([0.5, 0.25]) });
      },
    },
    ...[false, true].map(
      (nesterov): Row => ({
        name: `Sgd ${nesterov ? 'by Nesterov' : 'plain'}`,
        inputs: {
          weight: { shape: [130], variable: true },
          momentum: { shape: [130], variable: true },
          gradient: { shape: [130] },
        },
        run: ({ weight, momentum, gradient }) => {
          const rule = { lr: 0.1, momentum: 0.9, nesterov, weightDecay: [1e-3], lrScale: [1] };
          return all('Sgd', [weight, momentum, gradient] as never, rule);
        },
      }),
    ),
    {
      name: 'ImageToFloat',
      inputs: { offsets: { shape: [2, 3], float32: true } },
      run: (inputs) => {
        const images = tf.tensor4d(new Uint8Array(2 * 4 * 5 * 3).fill(9), [2, 4, 5, 3], 'bool');
        const mirror = tf.tensor1d([0, 1], 'int32');
        const colours = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] };
        return all('ImageToFloat', { ...inputs, images, mirror }, colours);
      },
    },
  ];
}

export const TRAINING_ROWS: readonly Row[] = [
  ...localResponse(),
  ...normalisation(),
  ...joinedMaps(),
  ...training(),
  ...optimizers(),
];
