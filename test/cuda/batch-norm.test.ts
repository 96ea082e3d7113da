/** Sums over rows by more blocks than one warp adds up, and rows of more channels than a block. */
import * as tf from '@tensorflow/tfjs-core';
import { assertEachClose, runKernel, stored } from '../backend/compare.js';
import { numbers } from '../network/backends.js';
import { onCuda } from './emulated.js';

const EPSILON = 1e-3;

// Rows and channels: of 32 blocks and more for one channel, of two blocks for one row and more.
const SHAPES = [
  [40_003, 1],
  [8450, 61],
  [611, 24],
  [257, 1000],
  [67, 2048],
] as const;

interface Operands {
  readonly x: Float32Array;
  readonly dy: Float32Array;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly rows: number;
  readonly channels: number;
}

function operandsOf(rows: number, channels: number): Operands {
  const [x, dy] = [numbers(rows * channels, 1), numbers(rows * channels, 2)];
  const gamma = numbers(channels, 3).map((value) => value + 1.25);
  return { x, dy, gamma, beta: numbers(channels, 4), rows, channels };
}

/** Batch normalisation and its gradient in float64. */
function plain({ x, dy, gamma, beta, rows, channels }: Operands) {
  const mean = sums(channels, x.length, (at) => x[at] as number).map((sum) => sum / rows);
  const deviation = (at: number) => (x[at] as number) - (mean[at % channels] as number);
  const variance = sums(channels, x.length, (at) => deviation(at) ** 2).map((sum) => sum / rows);
  const inverse = variance.map((value) => 1 / Math.sqrt(value + EPSILON));
  const normal = (at: number) => deviation(at) * (inverse[at % channels] as number);
  const dBeta = sums(channels, x.length, (at) => dy[at] as number);
  const dGamma = sums(channels, x.length, (at) => (dy[at] as number) * normal(at));
  const y = new Float64Array(x.length);
  const dx = new Float64Array(x.length);
  for (let at = 0; at < x.length; at++) {
    const c = at % channels;
    y[at] = normal(at) * (gamma[c] as number) + (beta[c] as number);
    const mixed = (dBeta[c] as number) + normal(at) * (dGamma[c] as number);
    const slope = (gamma[c] as number) * (inverse[c] as number);
    dx[at] = slope * ((dy[at] as number) - mixed / rows);
  }
  return { y, mean, inverse, dx, dGamma, dBeta };
}

function sums(channels: number, count: number, value: (at: number) => number): Float64Array {
  const all = new Float64Array(channels);
  for (let at = 0; at < count; at++) {
    all[at % channels] = (all[at % channels] as number) + value(at);
  }
  return all;
}

type Results = Record<keyof ReturnType<typeof plain> | 'bias', ArrayLike<number>>;

function onGpu({ x, dy, gamma, beta, rows, channels }: Operands): Results {
  return tf.tidy(() => {
    const shape = [rows, channels];
    const inputs = { x: stored(x, shape), gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) };
    const running = {
      mean: tf.variable(tf.zeros([channels])),
      variable: tf.variable(tf.ones([channels])),
    };
    const train = { activation: 'linear', unbiased: false, epsilon: EPSILON, momentum: 0.9 };
    const [y, mean, inverseDeviation] = list(
      runKernel(
        'BatchNormTrain',
        { ...inputs, mean: running.mean, variance: running.variable },
        train,
      ),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const back = { dy: stored(dy, shape), ...inputs, mean, inverseDeviation };
    const settings = { activation: 'linear', residual: false, frozen: false };
    const [dx, dGamma, dBeta] = list(runKernel('BatchNormGrad', back, settings)) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const biased = { dy: back.dy, y };
    const bias = list(
      runKernel('BiasActivationGrad', biased, { activation: 'linear', bias: true }),
    ).at(-1) as tf.Tensor;
    tf.dispose(Object.values(running));
    const results = { y, mean, inverse: inverseDeviation, dx, dGamma, dBeta, bias };
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, tensor.dataSync()]),
    ) as never;
  }) as never;
}

const list = (result: tf.Tensor | tf.Tensor[]) => [result].flat();

describe('kernels of CUDA that add up rows', () => {
  onCuda((precision) => {
    const narrow = precision === 'bf16' ? 2 ** -8 : 1e-5;
    for (const [rows, channels] of SHAPES) {
      it(`${rows} of ${channels} channels`, () => {
        const operands = operandsOf(rows, channels);
        const wanted = plain(operands);
        const found = onGpu(operands);
        for (const [name, values] of Object.entries({ ...wanted, bias: wanted.dBeta })) {
          const error = name === 'y' || name === 'dx' ? narrow : 2e-6;
          assertEachClose(found[name as keyof Results], values, { error, ofLargest: true }, name);
        }
      });
    }
  });
});
