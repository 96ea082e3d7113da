import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Architecture,
  architectures,
  type BuildOptions,
  findArchitecture,
  layerCosts,
  modelCost,
  withoutDrawing,
} from '../../src/archs/index.js';
import { checkTransform } from '../../src/augment/index.js';
import { UsageError } from '../../src/errors.js';
import { TABLE, WITH_HEADS } from './table.js';

describe('The catalogue of networks', () => {
  before(() => tf.setBackend('cpu'));

  for (const [name, parameters, macs, shapes] of TABLE) {
    it(`builds ${name} with the parameters, multiply-adds and shapes of its table`, () => {
      const architecture = findArchitecture(name);
      const model = shapesOf(architecture);
      const costs = layerCosts(model);
      assert.deepEqual(modelCost(model), { parameters, macs });
      assert.deepEqual([architecture.parameters, architecture.macs], [parameters, macs]);
      for (const [layer, shape] of Object.entries(shapes)) {
        assert.deepEqual(costs.find((cost) => cost.name === layer)?.outputShape, shape, layer);
      }
      assert.equal(model.name, name);
      model.dispose();
    });
  }

  it('has a row of the table for every network', () => {
    assert.deepEqual(
      architectures.map(({ name }) => name),
      TABLE.map(([name]) => name),
    );
  });

  for (const [name, parameters, macs] of WITH_HEADS) {
    it(`builds ${name} with its auxiliary heads`, () => {
      const architecture = findArchitecture(name);
      const model = shapesOf(architecture, { auxiliary: true });
      const heads = model.outputs.map(({ sourceLayer, shape }) => [sourceLayer.name, ...shape]);
      assert.deepEqual(heads, [
        ['fc', null, 1000],
        ['aux1.fc2', null, 1000],
        ['aux2.fc2', null, 1000],
      ]);
      assert.deepEqual(modelCost(model), { parameters, macs });
      assert.deepEqual(architecture.auxiliary, { weight: 0.3, parameters, macs });
      const shapeOf = (layer: string) => model.getLayer(layer).outputShape;
      assert.deepEqual(shapeOf('aux1.pool'), [null, 4, 4, 512]);
      assert.deepEqual(shapeOf('aux2.pool'), [null, 4, 4, 528]);
      assert.deepEqual(shapeOf('aux1.conv'), [null, 4, 4, 128]);
      model.dispose();
    });
  }

  it('has heads in these networks alone', () => {
    const found = architectures.filter(({ auxiliary }) => auxiliary).map(({ name }) => name);
    assert.deepEqual(
      found,
      WITH_HEADS.map(([name]) => name),
    );
  });

  for (const architecture of architectures) {
    it(`builds ${architecture.name} for other images and classes, with names for all layers`, () => {
      const size = architecture.size === 224 ? 96 : architecture.size + 8;
      const auxiliary = architecture.auxiliary !== undefined;
      const model = shapesOf(architecture, { classes: 7, size, channels: 1, auxiliary });
      assert.deepEqual(model.inputs[0]?.shape, [null, size, size, 1]);
      for (const { shape } of model.outputs) assert.deepEqual(shape, [null, 7]);
      // tf.layers puts the class's name into the names that it makes up.
      const unnamed = model.layers.filter((layer) => layer.name.includes(layer.getClassName()));
      assert.deepEqual(unnamed, []);
      const weights = model.weights.map(({ originalName }) => originalName);
      assert.equal(new Set(weights).size, weights.length);
      model.dispose();
    });
  }

  it('draws weights that depend on the seed alone', () => {
    const build = (seed: number) =>
      findArchitecture('lenet5').build({ classes: 10, size: 28, channels: 1, seed });
    const [first, again, other] = [build(1), build(1), build(2)];
    const kernel = (model: typeof first) => [...(model.getWeights()[2] as tf.Tensor).dataSync()];
    assert.deepEqual(kernel(first), kernel(again));
    assert.notDeepEqual(kernel(first), kernel(other));
    for (const model of [first, again, other]) model.dispose();
  });

  it('draws normal weights of the deviation that the table asks for', () => {
    const { build } = findArchitecture('alexnet');
    const model = build({ classes: 1000, size: 67, channels: 3, seed: 3 });
    for (const [layer, expected] of [
      ['conv3', 0.01],
      ['fc7', 0.005],
      ['fc8', 0.01],
    ] as const) {
      const values = (model.getLayer(layer).getWeights()[0] as tf.Tensor).dataSync();
      let sum = 0;
      let squares = 0;
      for (const value of values) {
        sum += value;
        squares += value * value;
      }
      assert.ok(Math.abs(sum / values.length) < 1e-2 * expected, layer);
      assert.ok(Math.abs(Math.sqrt(squares / values.length) / expected - 1) < 5e-3, layer);
    }
    assert.equal(
      (model.getLayer('conv2').getWeights()[1] as tf.Tensor).dataSync()[0]?.toFixed(3),
      '0.100',
    );
    model.dispose();
  });

  it("draws weights as torchvision's ResNet, Caffe's GoogLeNet and LeNet's paper", () => {
    const weights = (name: string, layer: string, size: number) => {
      const { build } = findArchitecture(name);
      const model = build({ classes: 10, size, channels: 3, seed: 5 });
      const [kernel, bias] = model.getLayer(layer).getWeights() as tf.Tensor[];
      const values = kernel?.dataSync<'float32'>() ?? new Float32Array();
      const squares = values.reduce((sum, value) => sum + value * value, 0);
      const result = {
        deviation: Math.sqrt(squares / values.length),
        limit: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
        bias: bias?.dataSync()[0],
      };
      model.dispose();
      return result;
    };
    const near = (value: number, expected: number) =>
      assert.ok(Math.abs(value / expected - 1) < 0.01, `${value} is not near ${expected}`);
    // He, fan-out: 9 × 256 inputs of the gradient.
    const he = weights('resnet18', 'conv4_2.conv1', 32);
    near(he.deviation, Math.sqrt(2 / (9 * 256)));
    assert.equal(he.bias, undefined);
    // Caffe's xavier: variance 1 / fan-in.
    const xavier = weights('googlenet', 'inception4e.3x3', 32);
    near(xavier.deviation, Math.sqrt(1 / (9 * 160)));
    near(xavier.limit, Math.sqrt(3 / (9 * 160)));
    assert.equal(xavier.bias?.toFixed(3), '0.200');
    near(weights('googlenet-torchvision', 'inception4e.3x3', 32).deviation, 0.01);
    near(weights('lenet5-1998', 'c5', 32).limit, 2.4 / 400);
  });

  for (const [name, size, layer] of [
    ['lenet5', 8, 'conv2'],
    ['lenet5-1998', 8, 'c3'],
    ['simple-cnn', 4, 'pool3'],
    ['alexnet', 40, 'pool5'],
    ['nin', 32, 'pool3'],
    ['vgg16', 16, 'pool5'],
    ['googlenet', 8, 'pool3'],
    ['densenet121', 16, 'transition3.pool'],
  ] as const) {
    it(`names the layer of ${name} that an image of ${size} pixels is too small for`, () => {
      const build = () => shapesOf(findArchitecture(name), { size, auxiliary: true });
      const expected = new RegExp(`layer "${layer}" would turn \\d+×\\d+×\\d+ into`);
      assert.throws(build, (error) => error instanceof UsageError && expected.test(error.message));
    });
  }

  it('finds networks by name, alias and case, and suggests the nearest', () => {
    assert.equal(findArchitecture('LeNet').name, 'lenet5');
    assert.equal(findArchitecture('AlexNet').name, 'alexnet');
    assert.equal(findArchitecture('NiN').name, 'nin');
    assert.equal(findArchitecture('nin_cifar').name, 'nin-cifar');
    assert.equal(findArchitecture('vgg').name, 'vgg16');
    assert.equal(findArchitecture('vgg16_bn').name, 'vgg16-bn');
    assert.equal(findArchitecture('googlenet').name, 'googlenet');
    assert.equal(findArchitecture('resnet').name, 'resnet50');
    assert.equal(findArchitecture('resnet34-torchvision').name, 'resnet34');
    assert.equal(findArchitecture('densenet').name, 'densenet121');
    assert.throws(
      () => findArchitecture('alexnt'),
      /Unknown network "alexnt". Did you mean "alexnet"\?/,
    );
  });

  it('gives every network a recipe that fits it', () => {
    for (const { name, size, channels, recipe } of architectures) {
      assert.equal(recipe.transform.train.size, size, name);
      assert.equal(recipe.transform.val.size, size, name);
      checkTransform(recipe.transform.train);
      checkTransform(recipe.transform.val);
      assert.equal(recipe.mean.length, channels, name);
      assert.equal(recipe.std.length, channels, name);
    }
  });
});

/** The network with weights of zero. */
function shapesOf(architecture: Architecture, options: Partial<BuildOptions> = {}) {
  const { classes, size, channels } = architecture;
  return withoutDrawing(() => architecture.build({ classes, size, channels, seed: 1, ...options }));
}
