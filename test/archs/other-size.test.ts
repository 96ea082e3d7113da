import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture, withOtherSize, withoutDrawing } from '../../src/archs/index.js';
import { weightsOf } from '../../src/network/weights.js';

/** Sizes of evaluations and trainings, and the layer whose weights do not fit, if any. */
// biome-ignore format: one network a row
const NETWORKS: readonly (readonly [string, number, number, layer?: string])[] = [
  ['lenet5', 28, 24, 'fc3'],
  ['lenet5-1998', 32, 36, 'f6'],
  ['simple-cnn', 28, 24],
  ['simple-cnn', 28, 20, 'fc6'],
  ['alexnet', 224, 176, 'fc6'],
  ['alexnet-torchvision', 224, 176],
  ['nin', 224, 176],
  ['nin-cifar', 32, 24],
  ['vgg11', 224, 176, 'fc6'],
  ['googlenet', 224, 176, 'aux1.fc1'],
  ['googlenet-bn', 224, 176, 'aux1.fc1'],
  ['googlenet-torchvision', 224, 176],
  ['resnet18', 224, 176],
  ['resnet50-torchvision', 224, 176],
  ['preresnet50', 224, 176],
  ['resnet20-cifar', 32, 24],
  ['densenet121', 224, 176],
  ['densenet40-k12', 32, 24],
];

describe('networks of another size', () => {
  before(() => tf.setBackend('cpu'));

  for (const [name, size, other, misfit] of NETWORKS) {
    it(`${name} of ${size} pixels, of ${other}`, () => {
      const architecture = findArchitecture(name);
      const { channels, auxiliary } = architecture;
      const options = { classes: 10, channels, seed: 0, auxiliary: auxiliary !== undefined };
      const build = () => architecture.build({ ...options, size });
      const model = withoutDrawing(build);
      const ids = () => weightsOf(model).map(({ variable }) => variable.id);
      const uses = () => model.layers.map(({ inboundNodes }) => inboundNodes.length);
      const [before, used] = [ids(), uses()];
      const live = tf.memory().numTensors;
      const make = () =>
        withOtherSize(architecture, { ...options, size: other }, model, (sized) => {
          assert.deepEqual(sized.inputs[0]?.shape, [null, other, other, channels]);
          assert.deepEqual(
            sized.outputs.map(({ shape }) => shape),
            model.outputs.map(({ shape }) => shape),
          );
          return weightsOf(sized).map(({ variable }) => variable.id);
        });
      if (misfit === undefined) assert.deepEqual(make(), before);
      else {
        const text = new RegExp(
          `--train-crop-size to be the ${size} of --input-size but received ${other}: layer "${misfit}" of ${name} has \\d+ inputs`,
        );
        assert.throws(make, text);
      }
      // The network is as it was.
      assert.deepEqual([ids(), uses(), tf.memory().numTensors], [before, used, live]);
      model.dispose();
    });
  }
});
