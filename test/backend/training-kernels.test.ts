/** The kernels that tfjs does not have, against their twins made of its operations. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { registerTwins } from '../../src/network/twins/index.js';
import { numbers, onReference } from '../network/backends.js';
import { compare, device, onNative, runKernel, stored } from './compare.js';

const list = (result: tf.Tensor | tf.Tensor[]) => (Array.isArray(result) ? result : [result]);

const WHOLE_LOSS = { smoothing: 0.1, weight: 1, hits: true };

describe('native training kernels', () => {
  before(() => onReference(() => registerTwins('cpu')));

  onNative(({ precision }) => {
    const tolerance = { error: precision === 'bf16' ? 2e-2 : 1e-5, ofLargest: true };

    describe('dropout', () => {
      for (const size of [1, 7, 1024, 5000, 40_003]) {
        for (const rate of [0.5, 0.3]) {
          it(`keeps the same of ${size} elements as its twin at rate ${rate}`, () => {
            const attributes = { rate, seed: 2 ** 32 - 5, step: 70_000, layer: 3 };
            const data = numbers(size).map((value) => value + 2);
            const compute = (make: typeof stored) =>
              runKernel('Dropout', { x: make(data, [size]) }, attributes);
            const storages = compare(
              compute,
              { error: precision === 'bf16' ? 2 ** -8 : 1e-6 },
              'Dropout',
            );
            assert.deepEqual(storages, [precision]);
          });
        }
      }

      it('keeps everything at rate 0 and refuses rate 1', () => {
        tf.tidy(() => {
          const attributes = { rate: 0, seed: 1, step: 1, layer: 1 };
          const x = stored(numbers(100), [100]);
          assert.deepEqual(runKernel('Dropout', { x }, attributes).dataSync(), x.dataSync());
          assert.throws(() => runKernel('Dropout', { x }, { ...attributes, rate: 1 }));
        });
      });
    });

    describe('images', () => {
      const cases = [
        { shape: [3, 5, 7, 3], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
        { shape: [4, 28, 28, 1], mean: [0.1307], std: [0.3081] },
        { shape: [2, 40, 33, 3], mean: [0.5, 0.4, 0.3], std: [1, 1, 1] },
        { shape: [1, 1, 1, 1], mean: [0], std: [1] },
      ];
      for (const { shape, mean, std } of cases) {
        it(`of [${shape}] become the floats of their twin, mirrored and moved in colour`, () => {
          const size = tf.util.sizeFromShape(shape);
          const bytes = Uint8Array.from(numbers(size), (value) => (value + 1) * 127.5);
          const flags = Int32Array.from({ length: shape[0] as number }, (_, index) => index % 2);
          const offsetShape: [number, number] = [shape[0] as number, shape[3] as number];
          const moves = numbers(tf.util.sizeFromShape(offsetShape));
          const compute = () => {
            const images = tf.tensor(bytes, shape, 'bool');
            const mirror = tf.tensor1d(flags, 'int32');
            const inputs = { images, mirror, offsets: tf.tensor2d(moves, offsetShape) };
            return runKernel('ImageToFloat', inputs, { mean, std });
          };
          assert.deepEqual(compare(compute, tolerance, 'ImageToFloat'), [precision]);
        });
      }
    });

    describe('mixed images', () => {
      for (const shape of [
        [3, 5, 7, 3],
        [4, 28, 28, 1],
        [2, 40, 33, 3],
        [1, 1, 1, 1],
      ]) {
        it(`of [${shape}] are those of their twin`, () => {
          const [count = 0, height = 0, width = 0] = shape;
          const rows = Array.from({ length: count }, (_, image) => [
            ...[image % 3 === 2 ? -1 : (image + 1) % count, image % 2, Math.floor(image / 2)],
            ...[width - (image % 3), height - image],
          ]).flat();
          const shares = Array.from(
            { length: count },
            (_, image) => [0.25, 0, 1][image % 3] as number,
          );
          const data = numbers(tf.util.sizeFromShape(shape));
          const compute = (make: typeof stored) =>
            runKernel('MixImages', {
              images: make(data, shape),
              rows: tf.tensor2d(rows, [count, 5], 'int32'),
              shares: tf.tensor1d(shares),
            });
          assert.deepEqual(compare(compute, tolerance, 'MixImages'), [precision]);
        });
      }
    });

    describe('softmax cross-entropy', () => {
      const cases = [
        { rows: 1, classes: 2 },
        { rows: 33, classes: 10 },
        { rows: 5, classes: 3 },
        { rows: 7, classes: 1000 },
      ];
      for (const { rows, classes } of cases) {
        for (const settings of [
          { smoothing: 0, weight: 1, hits: true },
          { smoothing: 0.1, weight: 1, hits: true },
          { smoothing: 0.1, weight: 0.3, hits: false },
        ]) {
          const { smoothing, weight } = settings;
          const name = `smoothing ${smoothing}, weight ${weight}`;
          it(`of ${rows} rows, ${classes} classes, ${name} is its twin's`, () => {
            const data = numbers(rows * classes).map((value) => value * 16);
            const labels = Int32Array.from({ length: rows }, (_, row) => (row * 7) % classes);
            if (rows > 2) labels[1] = -1;
            const compute = (make: typeof stored) => {
              const logits = make(data, [rows, classes]);
              const inputs = { logits, labels: tf.tensor1d(labels, 'int32') };
              return list(runKernel('SoftmaxCrossEntropy', inputs, settings));
            };
            const storages = compare(compute, { error: 1e-5, ofLargest: true }, 'the loss');
            assert.deepEqual(storages, ['f32', 'f32']);
          });
        }
      }

      for (const kernel of ['SoftmaxCrossEntropy', 'SigmoidCrossEntropy']) {
        for (const classes of [3, 10, 1000]) {
          for (const settings of [WHOLE_LOSS, { smoothing: 0, weight: 0.3, hits: false }]) {
            it(`${kernel} of mixed rows of ${classes} classes is its twin's, hits ${settings.hits}`, () => {
              const data = numbers(7 * classes).map((value) => value * 16);
              const labels = Int32Array.from([0, -1, 2, 1, 0, 1, 2]);
              const others = Int32Array.from([1, 0, -1, 2, 1, 0, 0]);
              const shares = [0.9, 0.1, 0.5, 0.5, 1, 0, 0.6, 0.4, 0.75, 0.25, 1, 0, 0.5, 0.5];
              const compute = (make: typeof stored) => {
                const logits = make(data, [7, classes]);
                const inputs = {
                  ...{ logits, labels: tf.tensor1d(labels, 'int32') },
                  ...{ others: tf.tensor1d(others, 'int32'), shares: tf.tensor2d(shares, [7, 2]) },
                };
                return list(runKernel(kernel, inputs, settings));
              };
              const storages = compare(compute, { error: 1e-5, ofLargest: true }, 'the loss');
              assert.deepEqual(storages, ['f32', 'f32']);
            });
          }
        }
      }

      it('counts neither a NaN nor a tie with an earlier class as a hit', () => {
        const data = [1, 1, 0, 0, 0, 0, Number.NaN, 0, 0, 0, 0, 0, Number.NaN, 9, 0, 0, 0, 0];
        const labels = Int32Array.from([1, 0, 1]);
        const read = () =>
          tf.tidy(() => {
            const logits = tf.tensor2d(data, [3, 6]);
            const inputs = { logits, labels: tf.tensor1d(labels, 'int32') };
            const result = list(runKernel('SoftmaxCrossEntropy', inputs, WHOLE_LOSS));
            return [...(result[0] as tf.Tensor).dataSync()];
          });
        assert.deepEqual(read().slice(1), [0, 2, 3]);
        assert.ok(Number.isNaN(read()[0]));
      });

      it('of ignored rows alone is zero', () => {
        tf.tidy(() => {
          const inputs = { logits: tf.ones([2, 3]), labels: tf.tensor1d([-1, -1], 'int32') };
          const result = list(runKernel('SoftmaxCrossEntropy', inputs, WHOLE_LOSS));
          const [stats, gradient] = result.map((tensor) => [...tensor.dataSync()]);
          assert.deepEqual(stats, [0, 0, 0, 0]);
          assert.deepEqual(gradient, [0, 0, 0, 0, 0, 0]);
        });
      });
    });

    describe("an activation's gradient", () => {
      const shapes = [
        [1, 1],
        [9, 1],
        [64, 6],
        [2, 5, 7, 17],
        [1000, 16],
        [3, 96],
        [37, 300],
      ];
      for (const shape of shapes) {
        it(`with and without bias over [${shape}] is its twin's`, () => {
          const size = tf.util.sizeFromShape(shape);
          for (const activation of ['linear', 'relu', 'tanh']) {
            for (const bias of [true, false]) {
              const compute = (make: typeof stored) => {
                const dy = make(numbers(size), shape);
                const y = make(numbers(size, 5), shape);
                return list(runKernel('BiasActivationGrad', { dy, y }, { activation, bias }));
              };
              const storages = compare(compute, tolerance, activation);
              assert.deepEqual(storages, bias ? [precision, 'f32'] : [precision]);
            }
          }
        });
      }
    });

    describe('means of windows', () => {
      const cases = {
        'of one pixel': { shape: [1, 1, 1, 1], rows: [[0, 1]], columns: [[0, 1]] },
        'of whole images': { shape: [5, 7, 9, 33], rows: [[0, 7]], columns: [[0, 9]] },
        'of large images': { shape: [2, 70, 80, 16], rows: [[0, 70]], columns: [[0, 80]] },
        'that overlap and leave pixels out': {
          shape: [3, 14, 11, 20],
          rows: [
            [0, 4],
            [3, 7],
            [3, 14],
          ],
          columns: [
            [1, 2],
            [0, 10],
          ],
        },
      };
      for (const [name, { shape, ...windows }] of Object.entries(cases)) {
        it(`${name} are their twin's, and so is their gradient`, () => {
          const [batch = 0, height, width, channels = 0] = shape;
          const small = [batch, windows.rows.length, windows.columns.length, channels];
          const size = (of: number[]) => of.reduce((product, length) => product * length, 1);
          const run = (kernel: string, input: string, of: number[], attributes: object) =>
            compare(
              (make) =>
                runKernel(kernel, { [input]: make(numbers(size(of)), of) }, { ...attributes }),
              tolerance,
              kernel,
            );
          assert.deepEqual(run('WindowMeans', 'x', shape, windows), [precision]);
          const sizes = { ...windows, height, width };
          assert.deepEqual(run('WindowMeansGrad', 'dy', small, sizes), [precision]);
        });
      }
    });

    for (const size of [1, 40_003]) {
      it(`the scaled tanh of ${size} numbers and its gradient are their twins'`, () => {
        const values = (seed: number) => numbers(size, seed).map((value) => 3 * value);
        const forward = (make: typeof stored) =>
          runKernel('ScaledTanh', { x: make(values(1), [size]) });
        compare(forward, tolerance, 'ScaledTanh');
        const backward = (make: typeof stored) => {
          const inputs = { dy: make(values(1), [size]), y: make(numbers(size, 2), [size]) };
          return list(
            runKernel('BiasActivationGrad', inputs, { activation: 'scaledTanh', bias: false }),
          );
        };
        compare(backward, tolerance, 'the gradient');
      });
    }

    describe('stochastic gradient descent', () => {
      const sizes = [1, 6, 150, 5000, 40_000, 3];

      function steps(make: typeof stored, nesterov: boolean): tf.Tensor[] {
        const weights = sizes.map((size, seed) => tf.variable(tf.tensor(numbers(size, seed + 1))));
        const momenta = sizes.map((size) => tf.variable(tf.zeros([size])));
        const attributes = {
          lr: 0.1,
          momentum: 0.9,
          nesterov,
          weightDecay: sizes.map((_, index) => (index % 2) * 0.01),
          lrScale: sizes.map((_, index) => 1 + (index % 3)),
        };
        for (let step = 0; step < 3; step++) {
          const inputs = sizes.flatMap((size, index) => {
            const values = numbers(size, 10 * step + index + 20);
            const gradient = index % 2 ? make(values, [size]) : tf.tensor(values);
            return [weights[index] as tf.Tensor, momenta[index] as tf.Tensor, gradient];
          });
          runKernel('Sgd', inputs as never, attributes);
        }
        const results = [...weights, ...momenta].map((variable) => tf.clone(variable));
        tf.dispose([...weights, ...momenta]);
        return results;
      }

      for (const nesterov of [false, true]) {
        it(`${nesterov ? 'with' : 'without'} Nesterov's momentum is its twin's`, () => {
          compare((make) => steps(make, nesterov), { error: 1e-5, ofLargest: true }, 'Sgd');
        });
      }
    });

    it('give the same bits in every run', () => {
      const runs = [0, 1, 2].map(() =>
        tf.tidy(() => {
          const dy = stored(numbers(4096 * 70), [4096, 70]);
          const y = stored(numbers(4096 * 70, 3), [4096, 70]);
          const attributes = { activation: 'relu', bias: true };
          const result = list(runKernel('BiasActivationGrad', { dy, y }, attributes));
          return [...(result[1] as tf.Tensor).dataSync()];
        }),
      );
      assert.deepEqual(runs[1], runs[0]);
      assert.deepEqual(runs[2], runs[0]);
      assert.equal(device().precision, precision);
    });
  });
});
