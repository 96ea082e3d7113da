import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../../src/archs/index.js';
import { openBackend } from '../../../src/backend/index.js';
import { UsageError } from '../../../src/errors.js';
import { depthFactors } from '../../../src/network/layer-factors.js';
import { Network } from '../../../src/network/network.js';
import { freezeLayers } from '../../../src/train/start/freeze.js';
import { headOf, headStartText } from '../../../src/train/start/head-start.js';

describe('the head start of a fine-tuning', () => {
  before(() => openBackend('js', { precision: 'f32' }));
  const build = (name: string, size: number) =>
    findArchitecture(name).build({ classes: 3, size, channels: 1, seed: 0 });

  it('trains the last layer alone, and leaves running statistics as they are', () => {
    const model = build('resnet20-cifar', 8);
    const before = new Network(model).weights.length;
    const head = headOf(model);
    assert.deepEqual(
      head.weights.map(({ name }) => name),
      ['fc/kernel', 'fc/bias'],
    );
    assert.equal(headStartText(head, 2), 'the first 2 epochs train fc alone');
    const statistics = () =>
      model.layers
        .flatMap(({ weights }) => weights)
        .filter(({ originalName }) => /moving/.test(originalName))
        .map((weight) => [...weight.read().dataSync()]);
    const known = statistics();
    const images = tf.randomNormal<tf.Rank.R4>([4, 8, 8, 1], 3, 2);
    const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
    const step = { smoothing: 0, seed: 0, step: 0 };
    const { gradients } = head.gradients(images, labels, step);
    assert.equal(gradients.length, 2);
    assert.deepEqual(statistics(), known);
    const whole = new Network(model);
    assert.equal(whole.weights.length, before);
    assert.equal(whole.gradients(images, labels, step).gradients.length, before);
    assert.notDeepEqual(statistics(), known);
    model.dispose();
  });

  it('refuses a last layer that is frozen', () => {
    const model = build('lenet5', 28);
    freezeLayers(model, 'fc5');
    assert.throws(
      () => headOf(model),
      (error) => error instanceof UsageError && /but --freeze freezes it/.test(error.message),
    );
    model.dispose();
  });

  it('has rates that rise with the depth', () => {
    const model = build('lenet5', 28);
    const { weights } = new Network(model);
    assert.deepEqual(depthFactors(weights, null), []);
    assert.deepEqual(
      depthFactors(weights, 1 / 16).map((text) => Number(text.split('=')[1])),
      [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1],
    );
    model.dispose();
  });
});
