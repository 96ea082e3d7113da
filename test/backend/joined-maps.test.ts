import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { computeFloat32 } from '../../src/network/run-kernel.js';
import { registerTwins } from '../../src/network/twins/index.js';
import { random } from '../../src/rng.js';
import { numbers, onReference } from '../network/backends.js';
import { assertEachClose, onNative, runKernel, stored } from './compare.js';

const EPSILON = 1e-3;
const CASES = 24;

/** A block of `channels` maps, of which the first are there and some more come. */
interface Size {
  readonly image: readonly number[];
  readonly first: number;
  readonly added: number;
  readonly channels: number;
}

/** Drawn by number: some of one pixel, of one map, of more than threads share by columns. */
function drawn(number: number): Size {
  const draw = random(7, 'order', number);
  const below = (count: number) => draw.below(count);
  const wide = number % 6 === 5 ? 600 : 70;
  const image = number % 8 === 0 ? [1, 1, 1] : [1 + below(5), 1 + below(20), 1 + below(20)];
  const [first, added] = [1 + below(wide), 1 + below(40)];
  return { image, first, added, channels: first + added + (number % 3 === 0 ? 0 : below(50)) };
}

const countOf = ({ image }: Size) => tf.util.sizeFromShape([...image]);
const offset = (values: Float32Array, by: number) => values.map((value) => value + by);

/** The inputs of all kernels as plain values. */
function valuesOf(size: Size) {
  const pixels = countOf(size);
  return {
    head: numbers(pixels * size.first, 3),
    maps: numbers(pixels * size.added, 5),
    dy: numbers(pixels * size.first, 7),
    dBlock: numbers(pixels * size.channels, 11),
    gamma: offset(numbers(size.first, 13), 1.21),
    beta: offset(numbers(size.first, 17), 0.017),
  };
}

type Values = ReturnType<typeof valuesOf>;
type Read = Record<string, Float32Array>;
const list = (result: tf.Tensor | tf.Tensor[]) => [result].flat();
const valuesOfEach = (tensors: Record<string, tf.Tensor | undefined>): Read =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      (tensor as tf.Tensor).dataSync().slice() as Float32Array,
    ]),
  );

const ATTRIBUTES = { epsilon: EPSILON, momentum: 0.9, unbiased: true };
const running = (channels: number) => ({
  runningMean: tf.variable(tf.tensor1d(numbers(channels, 19))),
  runningVariance: tf.variable(tf.tensor1d(offset(numbers(channels, 23), 1.5))),
});

interface Settings {
  activation: 'linear' | 'relu';
  frozen: boolean;
  /** Where the normalisation reads all channels. */
  whole: boolean;
  /** Where its result is float32 whatever the precision. */
  float32: boolean;
}

/** By our kernels, in place. */
function inBlock(size: Size, values: Values, given: Settings): Read {
  const { activation, frozen, whole, float32 } = given;
  return tf.tidy(() => {
    const { image, first, added } = size;
    const channels = whole ? first : size.channels;
    const append = { channels, statistics: true };
    const [x, mean, variance] = list(
      runKernel(
        'AppendChannels',
        { x: stored(values.head, [...image, first]) },
        { ...append, offset: 0 },
      ),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    if (!whole) {
      const maps = { x: stored(values.maps, [...image, added]), joined: x, mean, variance };
      runKernel('AppendChannels', maps, { ...append, offset: first });
    }
    const shared = {
      x,
      gamma: tf.tensor1d(values.gamma),
      beta: tf.tensor1d(values.beta),
      mean,
      variance,
    };
    const blended = running(first);
    const settings = { ...ATTRIBUTES, activation, channels: first };
    const normalise = () => runKernel('BatchNormSlice', { ...shared, ...blended }, settings);
    const y = float32 ? computeFloat32(normalise) : normalise();
    const dy = stored(values.dy, [...image, first]);
    const dBlock = whole ? undefined : stored(values.dBlock, [...image, channels]);
    const [dGamma, dBeta, dx = dBlock] = list(
      runKernel(
        'BatchNormSliceGrad',
        { ...shared, dy, ...(dBlock && { dJoined: dBlock }) },
        {
          ...settings,
          frozen,
          first: whole,
        },
      ),
    );
    const read = (from: tf.Tensor) =>
      tf.slice(
        from,
        from.shape.map(() => 0),
        [...image, whole ? first : first + added],
      );
    const results = { y, dGamma, dBeta, dBlock: dx, block: read(x), ...blended };
    const statistics = {
      mean: tf.slice(mean, 0, whole ? first : first + added),
      variance: tf.slice(variance, 0, whole ? first : first + added),
    };
    const plain = valuesOfEach({ ...results, ...statistics });
    tf.dispose([blended.runningMean, blended.runningVariance]);
    return plain as never;
  });
}

/** By stock operations and the twins, with copies. */
function joined(size: Size, values: Values, { activation, frozen, whole }: Settings): Read {
  return onReference(() => {
    const { image, first, added, channels } = size;
    const head = tf.tensor(values.head, [...image, first]);
    const maps = tf.tensor(values.maps, [...image, added]);
    const block = whole ? head : tf.concat([head, maps], 3);
    const { mean, variance } = tf.moments(block, [0, 1, 2]);
    const vectors = { gamma: tf.tensor1d(values.gamma), beta: tf.tensor1d(values.beta) };
    const blended = running(first);
    const attributes = { ...ATTRIBUTES, activation };
    const [y, batchMean, inverseDeviation] = list(
      runKernel(
        'BatchNormTrain',
        {
          x: head,
          ...vectors,
          mean: blended.runningMean,
          variance: blended.runningVariance,
        },
        attributes,
      ),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = tf.tensor(values.dy, [...image, first]);
    const [dx, dGamma, dBeta] = list(
      runKernel(
        'BatchNormGrad',
        { dy, x: head, ...vectors, mean: batchMean, inverseDeviation },
        { activation, residual: false, frozen },
      ),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const padded = () =>
      tf.pad(dx, [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, channels - first],
      ]);
    const dBlock = whole ? dx : tf.add(padded(), tf.tensor(values.dBlock, [...image, channels]));
    const results = { y, dGamma, dBeta, dBlock, block, mean, variance, ...blended };
    const plain = valuesOfEach(results);
    tf.dispose([blended.runningMean, blended.runningVariance]);
    return plain as never;
  });
}

describe('A block of joined maps has the values of joined tensors in', () => {
  before(() => onReference(() => registerTwins('cpu')));

  onNative(({ precision }) => {
    for (let number = 0; number < CASES; number++) {
      const size = drawn(number);
      const settings: Settings = {
        activation: number % 2 === 0 ? 'relu' : 'linear',
        frozen: number % 5 === 4,
        whole: number % 7 === 3,
        float32: number % 4 === 1,
      };
      it(`${JSON.stringify({ ...size, ...settings })}`, () => {
        const values = valuesOf(size);
        const [found, wanted] = [inBlock(size, values, settings), joined(size, values, settings)];
        const narrow = precision === 'bf16' ? 1e-2 : 2e-5;
        // What stays float32 in either precision, and of the statistics is exact to its last digit.
        const errors: Record<string, number> = { block: 0, mean: 1e-6, variance: 1e-6 };
        if (settings.float32) errors['y'] = 2e-5;
        for (const [name, reference] of Object.entries(wanted)) {
          const error = errors[name] ?? narrow;
          assertEachClose(found[name] ?? [], reference, { error, ofLargest: true }, name);
        }
      });
    }

    it('refuses channels beyond the end, and gradients of another size', () => {
      tf.tidy(() => {
        const x = stored(numbers(24), [2, 12]);
        const append = { offset: 0, channels: 12, statistics: true };
        const [block, mean, variance] = list(runKernel('AppendChannels', { x }, append)) as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ];
        const more = { x: stored([1, 2], [2, 1]), joined: block, mean, variance };
        assert.throws(() => {
          list(runKernel('AppendChannels', more, { ...append, offset: 12 }));
          block.dataSync();
        }, /AppendChannels: expected an offset from 0 to 11 but received 12/);
        const vectors = { gamma: tf.ones([12]), beta: tf.zeros([12]), mean, variance };
        const settings = { channels: 4, epsilon: EPSILON, activation: 'relu', frozen: false };
        assert.throws(() => {
          const dBlock = stored(numbers(20), [2, 10]);
          const inputs = { x: block, dy: stored(numbers(8), [2, 4]), ...vectors, dJoined: dBlock };
          runKernel('BatchNormSliceGrad', inputs, { ...settings, first: false });
          block.dataSync();
        }, /BatchNormSliceGrad: expected input 6 of/);
      });
    });
  });
});
