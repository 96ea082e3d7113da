import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model } from '@tensorflow/tfjs-layers';
import { findArchitecture } from '../../src/archs/index.js';
import { UsageError } from '../../src/errors.js';
import { Network } from '../../src/network/network.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { liveTensors, nativeBackend, numbers, onEachBackend, timeLimit } from './backends.js';
import { narrow } from './narrow.js';
import { assertParity } from './parity.js';

const SGD = { momentum: 0.9, nesterov: false, weightDecay: 1e-4, decayBias: false, biasLrScale: 2 };

describe('A network', () => {
  onEachBackend((backend) => {
    it('has the gradients of tfjs for LeNet-5', () => {
      const build = () => findArchitecture('lenet5').build({ ...SMALL, size: 28, seed: 1 });
      // The bias of conv1 sums 784 rounded gradients of both signs.
      const options = backend.precision === 'bf16' ? { tolerance: 0.05, byNorm: true } : {};
      assertParity(backend, build, { cacheKey: 'lenet5', ...options });
    });

    it('learns and keeps neither tensors nor data over 200 steps', function () {
      this.timeout(timeLimit(120_000));
      const images = tf.tensor4d(numbers(4 * 6 * 6 * 2), [4, 6, 6, 2]);
      const labels = tf.tensor1d(
        Int32Array.from({ length: 4 }, (_, index) => index % 4),
        'int32',
      );
      const net = small();
      const network = new Network(net);
      const sgd = new Optimizer(network.weights, SGD);
      const losses: number[] = [];
      let live: number[] = [];
      for (let step = 0; step < 200; step++) {
        const { stats, gradients } = network.gradients(images, labels, {
          smoothing: 0.1,
          seed: 1,
          step,
        });
        sgd.step(gradients, 0.05);
        losses.push(stats.dataSync()[0] as number);
        tf.dispose([stats, gradients, network.predict(images)]);
        if (step === 0) live = liveTensors();
        assert.deepEqual(liveTensors(), live, `step ${step}`);
      }
      assert.ok((losses.at(-1) as number) < 0.5 * (losses[0] as number), losses.join(' '));
      sgd.dispose();
      net.dispose();
      tf.dispose([images, labels]);
    });

    // The others do not count.
    if (backend.native)
      it('takes no more memory in the tenth step of a residual network than in the third', function () {
        this.timeout(timeLimit(60_000));
        const net = narrow('resnet18', 48, 1 / 4);
        const network = new Network(net);
        const sgd = new Optimizer(network.weights, SGD);
        const images = tf.tensor4d(numbers(4 * 48 * 48 * 3), [4, 48, 48, 3]);
        const labels = tf.tensor1d([0, 1, 2, 3], 'int32');
        const memory: unknown[] = [];
        for (let step = 0; step < 10; step++) {
          const options = { smoothing: 0, seed: 1, step };
          const { stats, gradients } = network.gradients(images, labels, options);
          sgd.step(gradients, 0.01);
          tf.dispose(gradients);
          stats.dataSync();
          stats.dispose();
          memory.push(nativeBackend()?.memory());
        }
        for (const step of memory.slice(3)) assert.deepEqual(step, memory[2]);
        sgd.dispose();
        net.dispose();
        tf.dispose([images, labels]);
      });

    it('frees everything when a pass fails', () => {
      const net = small();
      const network = new Network(net);
      const images = tf.zeros([2, 5, 6, 2]) as tf.Tensor4D;
      const labels = tf.tensor1d([0, 1], 'int32');
      const live = liveTensors();
      assert.throws(() => network.gradients(images, labels, { smoothing: 0, seed: 1, step: 0 }));
      assert.deepEqual(liveTensors(), live);
      net.dispose();
      tf.dispose([images, labels]);
    });

    it('adds the weighted losses of auxiliary heads and counts the hits of the logits alone', () => {
      const images = input({ shape: [4, 4, 1] });
      const flat = layers.flatten({ name: 'flatten' }).apply(images);
      const head = (name: string) =>
        layers.dense({ name, units: 3, kernelInitializer: 'zeros' }).apply(flat);
      const outputs = [head('fc'), head('aux1'), head('aux2')] as never;
      const net = model({ inputs: images, outputs, name: 'heads' });
      const network = new Network(net);
      const x = tf.ones([2, 4, 4, 1]) as tf.Tensor4D;
      const labels = tf.tensor1d([0, 1], 'int32');
      const options = { smoothing: 0, seed: 1, step: 0 };
      const live = liveTensors();
      assert.throws(() => network.gradients(x, labels, options), UsageError);
      assert.deepEqual(liveTensors(), live);
      const { stats, gradients } = network.gradients(x, labels, {
        ...options,
        auxiliaryWeight: 0.3,
      });
      const [loss = 0, ...counters] = stats.dataSync();
      assert.ok(Math.abs(loss - 2 * 1.6 * Math.log(3)) < 1e-5);
      assert.deepEqual(counters, [1, 2, 2]);
      const [main, aux] = [1, 3].map((index) => gradients[index]?.dataSync()[2] as number);
      assert.ok(Math.abs((aux as number) / (main as number) - 0.3) < 1e-6);
      net.dispose();
      tf.dispose([x, labels, stats, gradients]);
    });

    it('predicts without dropout, the same at every call', () => {
      const net = small();
      const network = new Network(net);
      const images = tf.tensor4d(numbers(2 * 6 * 6 * 2), [2, 6, 6, 2]);
      const logits = [network.predict(images), network.predict(images)];
      assert.deepEqual(logits[0]?.dataSync(), logits[1]?.dataSync());
      net.dispose();
      tf.dispose([images, ...logits]);
    });
  });

  it('lists the weights by name and kind in the order of the layers', () => {
    const net = findArchitecture('lenet5').build({ ...SMALL, size: 28, seed: 1 });
    const { weights } = new Network(net);
    assert.deepEqual(
      weights.slice(0, 4).map(({ name, kind }) => [name, kind]),
      [
        ['conv1/kernel', 'kernel'],
        ['conv1/bias', 'bias'],
        ['conv2/kernel', 'kernel'],
        ['conv2/bias', 'bias'],
      ],
    );
    net.dispose();
  });

  it('refuses models whose outputs have different shapes', () => {
    const images = input({ shape: [4, 4, 1] });
    const flat = layers.flatten().apply(images) as never;
    const outputs = [
      layers.dense({ units: 2 }).apply(flat),
      layers.dense({ units: 3 }).apply(flat),
    ];
    const two = model({ inputs: images, outputs: outputs as never });
    assert.throws(() => new Network(two), UsageError);
    two.dispose();
  });

  it('is saved as a model.json from which tf.loadLayersModel gives the same logits', async () => {
    const build = { classes: 10, size: 67, channels: 3 as const, seed: 1 };
    const net = findArchitecture('alexnet').build(build);
    let artifacts: tf.io.ModelArtifacts | undefined;
    await net.save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts = JSON.parse(JSON.stringify({ ...saved, weightData: undefined }));
        Object.assign(artifacts as object, { weightData: saved.weightData });
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
    const loaded = await loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts));
    const images = tf.tensor4d(numbers(67 * 67 * 3), [1, 67, 67, 3]);
    const logits = [net, loaded].map((each) => new Network(each).predict(images).dataSync());
    assert.deepEqual(logits[0], logits[1]);
    const stock = loaded.predict(images) as tf.Tensor;
    stock.dataSync().forEach((value, index) => {
      assert.ok(Math.abs(value - (logits[0]?.[index] as number)) < 1e-5);
    });
    tf.dispose([images, stock]);
    net.dispose();
    loaded.dispose();
  });
});

const SMALL = { classes: 10, channels: 1 as const };

/** Each kind of layer that the catalogue has, on images (6, 6, 2) of 4 classes. */
function small(): LayersModel {
  const images = input({ shape: [6, 6, 2] });
  const kernelInitializer = 'glorotNormal';
  let x = layers.zeroPadding2d({ name: 'pad', padding: 1 }).apply(images);
  x = layers
    .conv2d({ name: 'conv', filters: 4, kernelSize: 3, activation: 'relu', kernelInitializer })
    .apply(x);
  const skip = x;
  x = layers
    .conv2d({ name: 'conv2', filters: 4, kernelSize: 3, padding: 'same', kernelInitializer })
    .apply(x);
  x = layers.add({ name: 'add' }).apply([x, skip] as never);
  x = layers.maxPooling2d({ name: 'pool', poolSize: 2 }).apply(x);
  x = layers.elu({ name: 'elu' }).apply(x);
  x = layers.flatten({ name: 'flatten' }).apply(x);
  x = layers.dense({ name: 'fc', units: 16, activation: 'tanh', kernelInitializer }).apply(x);
  x = layers.dropout({ name: 'drop', rate: 0.25 }).apply(x);
  x = layers.dense({ name: 'logits', units: 4, kernelInitializer }).apply(x);
  return model({ inputs: images, outputs: x as never, name: 'small' });
}
