import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, models } from '@tensorflow/tfjs-layers';
import {
  AdaptiveAveragePooling2D,
  BatchNormalization,
  findArchitecture,
  PartialConv2D,
  ScaledTanh,
  Subsampling2D,
} from '../../src/archs/index.js';
import { UsageError } from '../../src/errors.js';

describe('The layers that tf.layers lacks', () => {
  before(() => tf.setBackend('cpu'));

  describe('BatchNormalization', () => {
    const settings = { name: 'bn', momentum: 0.9, epsilon: 1e-5 };
    // One map of mean 2.5, variance 1.25 and unbiased variance 5/3.
    const x = () => tf.tensor4d([1, 2, 3, 4], [2, 1, 2, 1]);

    for (const [unbiased, variance] of [
      [true, 5 / 3],
      [false, 5 / 4],
    ] as const) {
      it(`keeps the ${unbiased ? 'unbiased' : 'biased'} running variance`, () => {
        const layer = new BatchNormalization({ ...settings, unbiased });
        layer.build([null, 1, 2, 1]);
        const y = layer.call(x(), { training: true }) as tf.Tensor;
        const deviation = Math.sqrt(1.25 + 1e-5);
        const expected = [-1.5, -0.5, 0.5, 1.5].map((value) => value / deviation);
        closeTo(y, expected);
        const [gamma, beta, mean, running] = layer.getWeights() as tf.Tensor[];
        closeTo(gamma, [1]);
        closeTo(beta, [0]);
        closeTo(mean, [0.1 * 2.5]);
        closeTo(running, [0.9 + 0.1 * variance]);
      });
    }

    it('uses the running statistics in evaluation and leaves them as they are', () => {
      const layer = new BatchNormalization({ ...settings, unbiased: true });
      layer.build([null, 1, 2, 1]);
      layer.setWeights([[2], [1], [3], [4]].map((value) => tf.tensor1d(value)));
      closeTo(layer.call(x(), {}) as tf.Tensor, [-1, 0, 1, 2]);
      closeTo(layer.getWeights()[3], [4]);
    });

    it('leaves no tensors behind', () => {
      const layer = new BatchNormalization({ ...settings, unbiased: true });
      layer.build([null, 1, 2, 1]);
      const images = x();
      const before = tf.memory().numTensors;
      tf.dispose(layer.call(images, { training: true }));
      assert.equal(tf.memory().numTensors, before);
    });

    it('is the stock layer in a saved network', () => {
      const layer = new BatchNormalization({ ...settings, unbiased: true });
      const config = layer.getConfig();
      assert.equal(config['unbiased'], true);
      assert.equal(layer.getClassName(), 'BatchNormalization');
      const stock = layers.batchNormalization(config as never).getConfig();
      for (const key of ['name', 'axis', 'momentum', 'epsilon', 'center', 'scale']) {
        assert.equal(stock[key], config[key], key);
      }
    });
  });

  describe('AdaptiveAveragePooling2D', () => {
    const pool = (x: tf.Tensor, outputSize: [number, number]) => {
      const layer = new AdaptiveAveragePooling2D({ outputSize });
      const y = layer.call(x) as tf.Tensor;
      assert.deepEqual(layer.computeOutputShape(x.shape), y.shape);
      return y;
    };

    it("has PyTorch's overlapping windows: 0 to 3, 3 to 6, 7 to 10 and 10 to 13", () => {
      const row = tf.reshape(tf.range(0, 14), [1, 1, 14, 1]);
      closeTo(pool(row, [1, 4]), [1.5, 4.5, 8.5, 11.5]);
      closeTo(pool(tf.reshape(row, [1, 14, 1, 1]), [4, 1]), [1.5, 4.5, 8.5, 11.5]);
    });

    it('averages rectangles of each map', () => {
      const x = tf.reshape(tf.range(0, 24), [1, 3, 4, 2]);
      // Rows 0 and 1, columns 0 to 1 and 2 to 3; then rows 1 and 2.
      closeTo(pool(x, [2, 2]), [5, 6, 9, 10, 13, 14, 17, 18]);
    });

    it('repeats values where the output is larger', () => {
      const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
      closeTo(pool(x, [4, 4]), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    });
  });

  describe('PartialConv2D', () => {
    const connections = [[0], [1, 2], [0, 2]];

    it('shows each output map its own input maps', () => {
      const layer = new PartialConv2D({ name: 'c3', connections, kernelSize: [1, 1] });
      layer.build([null, 1, 2, 3]);
      const kernel = tf.tensor3d([2, 3, 5, 7, 11], [1, 1, 5]);
      layer.setWeights([kernel, tf.tensor1d([0.5, 0, 0])]);
      const x = tf.tensor4d([1, 10, 100, 2, 20, 200], [1, 1, 2, 3]);
      const first = [2 * 1 + 0.5, 3 * 10 + 5 * 100, 7 * 1 + 11 * 100];
      const second = [2 * 2 + 0.5, 3 * 20 + 5 * 200, 7 * 2 + 11 * 200];
      closeTo(layer.call(x) as tf.Tensor, [...first, ...second]);
    });

    it('is a convolution whose missing filters are 0', () => {
      const layer = new PartialConv2D({ name: 'c3', connections, kernelSize: [2, 3] });
      layer.build([null, 4, 5, 3]);
      const kernel = tf.randomNormal([2, 3, 5], 0, 1, 'float32', 1) as tf.Tensor3D;
      const bias = tf.tensor1d([1, 2, 3]);
      layer.setWeights([kernel, bias]);
      const x = tf.randomNormal([2, 4, 5, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
      const dense = tf.buffer([2, 3, 3, 3]);
      const values = kernel.arraySync();
      for (let row = 0; row < 2; row++) {
        for (let column = 0; column < 3; column++) {
          let connection = 0;
          for (const [filter, maps] of connections.entries()) {
            for (const map of maps) {
              const value = values[row]?.[column]?.[connection++] ?? Number.NaN;
              dense.set(value, row, column, map, filter);
            }
          }
        }
      }
      const y = layer.call(x) as tf.Tensor;
      const expected = tf.add(tf.conv2d(x, dense.toTensor() as tf.Tensor4D, 1, 'valid'), bias);
      assert.deepEqual(layer.computeOutputShape(x.shape), y.shape);
      closeTo(y, [...expected.dataSync()]);
    });

    it('refuses connections to maps that there are not', () => {
      const layer = new PartialConv2D({ name: 'c3', connections, kernelSize: [1, 1] });
      assert.throws(
        () => layer.build([null, 1, 1, 2]),
        (error) => error instanceof UsageError && /"c3".*0 to 1 but received 2/.test(error.message),
      );
    });

    it("has table I's 60 connections in LeNet-5, each input map in ten", () => {
      const model = smallModel('lenet5-1998', 32);
      const { connections } = model.getLayer('c3').getConfig() as { connections: number[][] };
      assert.deepEqual(
        connections.map((maps) => maps.length),
        [3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6],
      );
      assert.deepEqual(connections[0], [0, 1, 2]);
      assert.deepEqual(connections[9], [0, 3, 4, 5]);
      assert.deepEqual(connections[13], [1, 2, 4, 5]);
      for (const map of [0, 1, 2, 3, 4, 5]) {
        assert.equal(connections.filter((maps) => maps.includes(map)).length, 10);
      }
      model.dispose();
    });
  });

  it('Subsampling2D scales and shifts the sum of each window', () => {
    const layer = new Subsampling2D({ poolSize: 2 });
    layer.build([null, 2, 3, 2]);
    layer.setWeights([tf.tensor1d([0.5, -1]), tf.tensor1d([1, 100])]);
    const x = tf.tensor4d([1, 10, 2, 20, 9, 90, 3, 30, 4, 40, 9, 90], [1, 2, 3, 2]);
    const y = layer.call(x);
    assert.deepEqual(y.shape, [1, 1, 1, 2]);
    assert.deepEqual(layer.computeOutputShape(x.shape), y.shape);
    closeTo(y, [0.5 * 10 + 1, -100 + 100]);
  });

  it('ScaledTanh is ±1 at ±1 and 1.7159 at infinity', () => {
    const y = new ScaledTanh({}).call(tf.tensor1d([0, 1, -1, 100]));
    closeTo(y, [0, 1, -1, 1.7159], 1e-4);
  });

  for (const [name, size] of [
    ['lenet5-1998', 32],
    ['googlenet-torchvision', 32],
    ['resnet20-cifar', 16],
    ['densenet-bc100-k12', 8],
  ] as const) {
    it(`gives ${name} back from its JSON`, async () => {
      const model = smallModel(name, size);
      const json = JSON.parse(JSON.stringify(model.toJSON(null, false)));
      const restored = (await models.modelFromJSON({ modelTopology: json })) as LayersModel;
      restored.setWeights(model.getWeights());
      const { channels } = findArchitecture(name);
      const x = tf.randomUniform([2, size, size, channels], -1, 1);
      const [expected, found] = [model, restored].map((network) =>
        [network.predict(x)].flat().map((logits) => [...logits.dataSync()]),
      );
      assert.deepEqual(found, expected);
      assert.ok(expected?.flat().every(Number.isFinite));
      model.dispose();
      restored.dispose();
    });
  }
});

/** With auxiliary heads where there are any, and three classes. */
function smallModel(name: string, size: number): LayersModel {
  const { build, channels } = findArchitecture(name);
  return build({ classes: 3, size, channels, seed: 1, auxiliary: true });
}

function closeTo(tensor: tf.Tensor | undefined, expected: readonly number[], tolerance = 1e-5) {
  const values = [...(tensor?.dataSync() ?? [])];
  assert.equal(values.length, expected.length);
  for (const [index, value] of expected.entries()) {
    const error = Math.abs((values[index] as number) - value);
    assert.ok(error <= tolerance * Math.max(1, Math.abs(value)), `${values} is not ${expected}`);
  }
}
