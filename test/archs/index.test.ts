import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { architectures, findArchitecture, layerCosts, modelCost } from '../../src/archs/index.js';
import { UsageError } from '../../src/errors.js';

// biome-ignore format: one network a row; multiply-adds as in the papers' and torchvision's tables
const TABLE = [
  ['lenet5',                  61_706,       416_520, { conv1: [28, 28, 6], pool2: [5, 5, 16], fc5: [10] }],
  ['alexnet',             60_965_224,   724_406_816, { conv1: [55, 55, 96], pool1: [27, 27, 96], pool5: [6, 6, 256], fc8: [1000] }],
  ['alexnet-1gpu',        62_378_344, 1_135_256_096, { conv2: [27, 27, 256], pool5: [6, 6, 256], fc8: [1000] }],
  ['alexnet-torchvision', 61_100_840,   714_188_480, { conv1: [55, 55, 64], pool5: [6, 6, 256], fc8: [1000] }],
] as const;

describe('The catalogue of networks', () => {
  before(() => tf.setBackend('cpu'));

  for (const [name, parameters, macs, shapes] of TABLE) {
    it(`builds ${name} with the parameters, multiply-adds and shapes of its table`, () => {
      const architecture = findArchitecture(name);
      const model = architecture.build({ ...architecture, auxiliary: false, seed: 1 });
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

  it('takes other class counts, image sizes and channels', () => {
    const model = findArchitecture('lenet5').build({ classes: 7, size: 32, channels: 3, seed: 1 });
    assert.deepEqual(model.outputs[0]?.shape, [null, 7]);
    assert.deepEqual(model.inputs[0]?.shape, [null, 32, 32, 3]);
    model.dispose();
  });

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

  it('names the layer that an image is too small for', () => {
    const build = () =>
      findArchitecture('alexnet').build({ classes: 10, size: 40, channels: 3, seed: 1 });
    assert.throws(build, (error) => error instanceof UsageError && /"pool5"/.test(error.message));
  });

  it('finds networks by name, alias and case, and suggests the nearest', () => {
    assert.equal(findArchitecture('LeNet').name, 'lenet5');
    assert.equal(findArchitecture('AlexNet').name, 'alexnet');
    assert.throws(
      () => findArchitecture('alexnt'),
      /Unknown network "alexnt". Did you mean "alexnet"\?/,
    );
  });

  it('gives every network a recipe that fits it', () => {
    for (const { name, size, channels, recipe } of architectures) {
      assert.equal(recipe.transform.train.size, size, name);
      assert.equal(recipe.transform.val.size, size, name);
      assert.equal(recipe.mean.length, channels, name);
      assert.equal(recipe.std.length, channels, name);
    }
  });
});
