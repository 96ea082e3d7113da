import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { registerTwins } from '../../src/network/twins/index.js';
import { numbers, onReference } from '../network/backends.js';
import {
  assertEachClose,
  bf16Of,
  compare,
  device,
  onNative,
  runKernel as runOne,
  stored,
} from './compare.js';

const EPSILON = 1e-3;
const MOMENTUM = 0.9;

// Of one pixel, of columns folded together and not, cut by rows and by columns on two threads.
const SHAPES = [
  [1, 1, 1, 3],
  [1, 1, 1, 48],
  [2, 1, 1, 17],
  [5, 1],
  [2, 3, 3, 1],
  [3, 5, 7, 17],
  [2, 9, 9, 48],
  [3, 4, 4, 65],
  [20, 10, 10, 17],
  [9, 30, 41, 3],
  [11, 17, 3, 70],
  [2, 7, 7, 300],
  [2, 4, 5, 1030],
  [1, 300],
];

const COMBINATIONS = [
  { activation: 'linear', residual: false },
  { activation: 'linear', residual: true },
  { activation: 'relu', residual: false },
  { activation: 'relu', residual: true },
] as const;
type Combination = (typeof COMBINATIONS)[number];

type Make = typeof stored;
type Tensors = Record<string, tf.Tensor>;

function run(name: string, inputs: Tensors, attributes: object): tf.Tensor[] {
  const result = runOne(name, inputs, attributes) as tf.Tensor | tf.Tensor[];
  return Array.isArray(result) ? result : [result];
}

/** Numbers without a sum of a few that is 0, so that no ReLU depends on rounding. */
const offset = (count: number, seed: number, by: number) =>
  numbers(count, seed).map((value) => value + by);

function channelVectors(channels: number) {
  return {
    gamma: tf.tensor1d(offset(channels, 2, 1.21)),
    beta: tf.tensor1d(offset(channels, 3, 0.017)),
  };
}

interface Statistics {
  mean: tf.Variable;
  variance: tf.Variable;
}

const runningStatistics = (channels: number): Statistics => ({
  mean: tf.variable(tf.tensor1d(numbers(channels, 4))),
  variance: tf.variable(tf.tensor1d(offset(channels, 5, 1.5))),
});

/** [y, mean, inverse deviation, running mean, running variance]. */
function train(inputs: Tensors, attributes: object): tf.Tensor[] {
  const running = runningStatistics((inputs.x as tf.Tensor).shape.at(-1) as number);
  const all = { epsilon: EPSILON, momentum: MOMENTUM, unbiased: false, ...attributes };
  const results = run('BatchNormTrain', { ...inputs, ...running }, all);
  const after = [tf.clone(running.mean), tf.clone(running.variance)];
  tf.dispose(Object.values(running));
  return [...results, ...after];
}

function inputsOf(make: Make, shape: number[], residual: boolean): Tensors {
  const size = tf.util.sizeFromShape(shape);
  const x = make(numbers(size), shape);
  const added = residual ? { residual: make(numbers(size, 7), shape) } : {};
  return { x, ...channelVectors(shape.at(-1) as number), ...added };
}

/** All results of training and of its gradient. */
function trainAndBack(make: Make, shape: number[], combination: Combination, frozen: boolean) {
  const { residual, ...inputs } = inputsOf(make, shape, combination.residual);
  const channels = shape.at(-1) as number;
  const forward = train(residual ? { ...inputs, residual } : inputs, combination);
  const [y, mean, inverseDeviation] = forward as [tf.Tensor, tf.Tensor, tf.Tensor];
  const dy = make(numbers(y.size, 9), shape);
  const statistics = frozen
    ? {
        mean: tf.tensor1d(numbers(channels, 4)),
        inverseDeviation: tf.tensor1d(offset(channels, 5, 1.5)),
      }
    : { mean, inverseDeviation };
  const back = { dy, ...inputs, ...statistics, ...(combination.residual ? { y } : {}) } as Tensors;
  return run('BatchNormGrad', back, { ...combination, frozen });
}

const nameOf = ({ activation, residual }: Combination) =>
  `${activation}${residual ? ' with a residual' : ''}`;

describe('native batch normalisation', () => {
  before(() => onReference(() => registerTwins('cpu')));

  onNative(({ precision }) => {
    const tolerance = { error: precision === 'bf16' ? 2e-2 : 1e-5, ofLargest: true };
    const round = precision === 'bf16' ? bf16Of : Math.fround;

    for (const shape of SHAPES) {
      it(`in training over [${shape}] is its twin's`, () => {
        for (const combination of COMBINATIONS) {
          const unbiased = combination.activation === 'relu';
          const storages = compare(
            (make) =>
              train(inputsOf(make, shape, combination.residual), { ...combination, unbiased }),
            tolerance,
            nameOf(combination),
          );
          assert.deepEqual(storages, [precision, 'f32', 'f32', 'f32', 'f32']);
        }
      });

      it(`in inference over [${shape}] is its twin's`, () => {
        const channels = shape.at(-1) as number;
        for (const { residual, activation } of COMBINATIONS) {
          const compute = (make: Make) => {
            const mean = tf.tensor1d(numbers(channels, 4));
            const variance = tf.tensor1d(offset(channels, 5, 1.5));
            const inputs = { ...inputsOf(make, shape, residual), mean, variance };
            return run('BatchNormInference', inputs, { epsilon: EPSILON, activation });
          };
          assert.deepEqual(compare(compute, tolerance, activation), [precision]);
        }
      });

      it(`has its twin's gradients over [${shape}]`, () => {
        for (const combination of COMBINATIONS) {
          for (const frozen of [false, true]) {
            const storages = compare(
              (make) => trainAndBack(make, shape, combination, frozen),
              tolerance,
              `${nameOf(combination)}, frozen ${frozen}`,
            );
            const more = combination.residual && combination.activation === 'relu';
            const last = more ? [precision] : [];
            assert.deepEqual(storages, [precision, 'f32', 'f32', ...last]);
          }
        }
      });
    }

    describe('keeps the digits of the variance', () => {
      const cases: Record<string, (row: number, noise: number) => number> = {
        'around a large mean': (_, noise) => 1000 + (precision === 'bf16' ? 16 : 0.01) * noise,
        'after an outlier': (row, noise) => (row === 0 ? 3e4 : noise),
        'after rows of outliers': (row, noise) => (row < 8 ? 1e4 : noise),
        'where the mean drifts': (row, noise) => row / 50 + noise,
        'of a constant': () => 0.1,
      };
      for (const [name, made] of Object.entries(cases)) {
        for (const [rows, channels] of [
          [9000, 3],
          [2003, 65],
          [300, 1030],
        ] as const) {
          it(`${name}, over ${rows} rows of ${channels} channels`, () => {
            const noise = numbers(rows * channels, 11);
            const data = noise.map((value, at) => round(made(Math.floor(at / channels), value)));
            const { mean, variance } = statisticsOf(data, rows, channels);
            tf.tidy(() => {
              const x = stored(data, [rows, channels]);
              const inputs = { x, ...channelVectors(channels) };
              const attributes = { epsilon: 1e-12, activation: 'linear' };
              const results = train(inputs, attributes).map((tensor) => tensor.dataSync());
              mean.forEach((value, c) => {
                const allowed = 1e-6 * Math.abs(value) + 1e-5 * Math.sqrt(variance[c] as number);
                const error = Math.abs(value - (results[1]?.[c] as number));
                assert.ok(error <= allowed, `the mean ${value} is off by ${error}`);
              });
              const inverse = variance.map((value) => 1 / Math.sqrt(value + 1e-12));
              assertEachClose(results[2] ?? [], inverse, { error: 2e-5 }, 'inverse deviation');
            });
          });
        }
      }
    });

    it('keeps a NaN in its channel and lets it through the ReLU', () => {
      const data = numbers(30 * 5);
      data[7] = Number.NaN;
      tf.tidy(() => {
        const inputs = { x: stored(data, [30, 5]), ...channelVectors(5) };
        const [y, mean] = train(inputs, { activation: 'relu' }).map((tensor) => tensor.dataSync());
        assert.deepEqual([...(mean ?? [])].map(Number.isNaN), [false, false, true, false, false]);
        y?.forEach((value, at) => {
          assert.equal(Number.isNaN(value), at % 5 === 2);
        });
      });
    });

    it('of a single value keeps the running variance finite', () => {
      tf.tidy(() => {
        const inputs = { x: stored([3, -1], [1, 1, 1, 2]), ...channelVectors(2) };
        const results = train(inputs, { activation: 'linear', unbiased: true });
        const variance = [...(results[4] as tf.Tensor).dataSync()];
        const before = offset(2, 5, 1.5);
        assertEachClose(
          variance,
          before.map((value) => value * MOMENTUM),
          { error: 1e-6 },
          'it',
        );
      });
    });

    it('takes a residual and a gradient stored in other types than the input', () => {
      const shape = [4, 3, 3, 20];
      const size = tf.util.sizeFromShape(shape);
      compare(
        (make) => {
          const x = make(numbers(size), shape);
          const residual = tf.tensor(numbers(size, 7), shape);
          return train({ x, residual, ...channelVectors(20) }, { activation: 'relu' });
        },
        tolerance,
        'a float32 residual',
      );
      compare(
        (make) => {
          const plain = (values: ArrayLike<number>, dims: number[]) =>
            tf.tensor(Float32Array.from(values), dims);
          const [x, dy] = [make(numbers(size), shape), plain(numbers(size, 9), shape)];
          const mean = plain(numbers(20, 4), [20]);
          const inverseDeviation = plain(offset(20, 5, 1.5), [20]);
          const inputs = { dy, x, ...channelVectors(20), mean, inverseDeviation };
          const attributes = { activation: 'relu', residual: false, frozen: false };
          return run('BatchNormGrad', inputs, attributes);
        },
        tolerance,
        'a float32 gradient',
      );
    });

    it('renews what products keep of the running statistics', () => {
      compare(
        (make) => {
          const running = runningStatistics(64);
          const product = () =>
            tf.matMul(tf.ones([4, 64]), tf.reshape(running.variance, [64, 1]) as tf.Tensor2D);
          const before = product();
          const inputs = { ...inputsOf(make, [10, 64], false), ...running };
          const attributes = { epsilon: EPSILON, momentum: 0, unbiased: true, activation: 'relu' };
          run('BatchNormTrain', inputs, attributes);
          const after = product();
          tf.dispose(Object.values(running));
          return [before, after];
        },
        tolerance,
        'products',
      );
    });

    it('is what tf.batchNorm computes, with and without scale and offset', () => {
      const shape: [number, number, number, number] = [2, 5, 3, 19];
      const size = tf.util.sizeFromShape(shape);
      for (const [offsets, scales] of [
        [true, true],
        [false, true],
        [true, false],
        [false, false],
      ]) {
        const compute = (make: Make) => {
          const { gamma, beta } = channelVectors(19);
          const mean = tf.tensor1d(numbers(19, 4));
          const variance = tf.tensor1d(offset(19, 5, 1.5));
          const x = make(numbers(size), shape) as tf.Tensor4D;
          return tf.batchNorm(
            x,
            mean,
            variance,
            offsets ? beta : undefined,
            scales ? gamma : undefined,
          );
        };
        compare(compute, tolerance, `offset ${offsets}, scale ${scales}`);
      }
    });

    it('refuses vectors of another length and a missing y', () => {
      tf.tidy(() => {
        const x = stored(numbers(60), [12, 5]);
        const statistics = { mean: tf.zeros([5]), inverseDeviation: tf.ones([5]) };
        assert.throws(() => train({ x, ...channelVectors(4) }, { activation: 'relu' }));
        const inputs = { dy: x, x, ...channelVectors(5), ...statistics };
        assert.throws(
          () => run('BatchNormGrad', inputs, { activation: 'relu', residual: true, frozen: false }),
          /Expected BatchNormGrad to receive y/,
        );
        // What the failing call of train() left behind.
        tf.disposeVariables();
      });
    });

    it('gives the same bits in every run', () => {
      const combination = { activation: 'relu', residual: false } as const;
      const read = () =>
        tf.tidy(() =>
          trainAndBack(stored, [4000, 70], combination, false).map((tensor) => [
            ...tensor.dataSync(),
          ]),
        );
      const first = read();
      for (let round = 0; round < 3; round++) assert.deepEqual(read(), first);
    });

    it('takes no more memory at every call', async () => {
      const counts = async () => {
        await device().sync();
        return [tf.memory().numTensors, device().numDataIds(), device().memory().deviceBytes];
      };
      const round = () => {
        for (const combination of COMBINATIONS) {
          tf.tidy(() => void trainAndBack(stored, [3, 9, 9, 40], combination, false));
        }
      };
      for (let index = 0; index < 3; index++) round();
      const before = await counts();
      for (let index = 0; index < 100; index++) round();
      assert.deepEqual(await counts(), before);
    });
  });
});

/** Two passes in double. */
function statisticsOf(data: Float32Array, rows: number, channels: number) {
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  data.forEach((value, at) => {
    mean[at % channels] = (mean[at % channels] as number) + value / rows;
  });
  data.forEach((value, at) => {
    const square = (value - (mean[at % channels] as number)) ** 2;
    variance[at % channels] = (variance[at % channels] as number) + square / rows;
  });
  return { mean, variance };
}

// Slopes of the twin's forward pass on tfjs-backend-cpu, against which both gradients are held.
describe('gradients of batch normalisation', () => {
  before(() => onReference(() => registerTwins('cpu')));

  const SHAPE = [3, 2, 2, 3];
  const SIZE = 36;
  const STEP = 2 ** -7;

  type Point = Record<'x' | 'gamma' | 'beta' | 'residual', Float32Array>;
  const LENGTHS = { x: SIZE, gamma: 3, beta: 3, residual: SIZE };
  const STATISTICS = { mean: [0.2, -0.1, 0.3], variance: [0.4, 0.9, 0.6] };
  const weights = numbers(SIZE, 31);

  function forward(point: Point, combination: Combination, frozen: boolean): Float32Array {
    return onReference(() => {
      const inputs: Tensors = {
        x: tf.tensor(point.x, SHAPE),
        gamma: tf.tensor1d(point.gamma),
        beta: tf.tensor1d(point.beta),
        ...(combination.residual ? { residual: tf.tensor(point.residual, SHAPE) } : {}),
      };
      if (!frozen) return (train(inputs, combination)[0] as tf.Tensor).dataSync() as Float32Array;
      const mean = tf.tensor1d(STATISTICS.mean);
      const variance = tf.tensor1d(STATISTICS.variance);
      const attributes = { epsilon: EPSILON, activation: combination.activation };
      const results = run('BatchNormInference', { ...inputs, mean, variance }, attributes);
      return (results[0] as tf.Tensor).dataSync() as Float32Array;
    });
  }

  /** A point whose sums before the ReLU are so far from 0 that no step crosses it. */
  function pointAwayFromKinks(combination: Combination, frozen: boolean): Point {
    for (let seed = 1; seed < 10_000; seed++) {
      const draw = (count: number, by: number) => numbers(count, seed * 17 + count + by);
      const point = {
        x: draw(SIZE, 0),
        gamma: draw(3, 1).map((value) => value + 1.5),
        beta: draw(3, 2),
        residual: draw(SIZE, 3),
      };
      const sums = forward(point, { ...combination, activation: 'linear' }, frozen);
      if (sums.every((sum) => Math.abs(sum) > 0.05)) return point;
    }
    throw new Error('no seed gives such a point');
  }

  function slopes(point: Point, name: keyof Point, combination: Combination, frozen: boolean) {
    return Float64Array.from({ length: LENGTHS[name] }, (_, at) => {
      const lossAt = (step: number) => {
        const moved = { ...point, [name]: Float32Array.from(point[name]) };
        moved[name][at] = (moved[name][at] as number) + step;
        return forward(moved, combination, frozen).reduce(
          (sum, y, index) => sum + y * (weights[index] as number),
          0,
        );
      };
      return (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
    });
  }

  /** [dx, dGamma, dBeta, dResidual] of the current backend. */
  function gradients(make: Make, point: Point, combination: Combination, frozen: boolean) {
    return tf.tidy(() => {
      const added = combination.residual ? { residual: make(point.residual, SHAPE) } : {};
      const x = make(point.x, SHAPE);
      const gamma = tf.tensor1d(point.gamma);
      const beta = tf.tensor1d(point.beta);
      const batch = train({ x, gamma, beta, ...added }, combination).slice(0, 3);
      const [, mean, inverseDeviation] = batch as [tf.Tensor, tf.Tensor, tf.Tensor];
      const constants = {
        mean: tf.tensor1d(STATISTICS.mean),
        inverseDeviation: tf.rsqrt(tf.add(tf.tensor1d(STATISTICS.variance), EPSILON)),
      };
      const y = make(forward(point, combination, frozen), SHAPE);
      const dy = make(weights, SHAPE);
      const statistics = frozen ? constants : { mean, inverseDeviation };
      const inputs = { dy, x, gamma, beta, ...statistics, ...(combination.residual ? { y } : {}) };
      const results = run('BatchNormGrad', inputs as Tensors, { ...combination, frozen });
      return results.map((tensor) => tensor.dataSync());
    });
  }

  for (const combination of COMBINATIONS) {
    for (const frozen of [false, true]) {
      describe(`${nameOf(combination)}${frozen ? ', frozen' : ''}`, () => {
        let expected: [string, Float64Array][];
        let point: Point;
        before(() => {
          point = pointAwayFromKinks(combination, frozen);
          const withResidual = combination.residual && combination.activation === 'relu';
          const names = ['x', 'gamma', 'beta', ...(withResidual ? ['residual'] : [])] as const;
          expected = names.map((name) => [
            name,
            slopes(point, name as keyof Point, combination, frozen),
          ]);
        });
        const check = (results: ArrayLike<number>[], error: number) => {
          assert.equal(results.length, expected.length);
          for (const [index, [name, wanted]] of expected.entries()) {
            assertEachClose(results[index] ?? [], wanted, { error, ofLargest: true }, name);
          }
        };

        it("are the twin's slopes on tfjs-backend-cpu", () => {
          const plain: Make = (values, shape) => tf.tensor(Float32Array.from(values), shape);
          check(onReference(() => gradients(plain, point, combination, frozen)) as never, 2e-3);
        });
        onNative(({ precision }) => {
          it("are the twin's slopes", () => {
            const error = precision === 'bf16' ? 2e-2 : 2e-3;
            check(gradients(stored, point, combination, frozen), error);
          });
        });
      });
    }
  }
});
