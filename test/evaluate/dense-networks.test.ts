import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { DenseNetworks } from '../../src/evaluate/dense-networks.js';
import { networkCard } from '../../src/session/network-card.js';
import { openSession } from '../../src/session/session.js';
import { assertClose } from '../network/backends.js';

const CLASSES = Array.from({ length: 5 }, (_, label) => `class${label}`);

/** Networks whose classifiers differ, at sizes that take little. */
const NETWORKS = [
  { name: 'lenet5', size: 20 },
  // Of each size: the filter of its partial convolution, and the constants of its subsampling.
  { name: 'lenet5-1998', size: 32, held: 8 },
  { name: 'simple-cnn', size: 20 },
  { name: 'nin-cifar', size: 22 },
  { name: 'googlenet', size: 64 },
  { name: 'resnet20-cifar', size: 16 },
  { name: 'densenet40-k12', size: 16 },
];

describe('a network in its dense form', function () {
  this.timeout(60_000);
  before(() => openBackend('cpu', { precision: 'f32' }));
  after(() => tf.setBackend('cpu'));

  for (const { name, size, held = 0 } of NETWORKS) {
    it(`is the network itself on images of its size, and takes larger ones: ${name}`, () => {
      const architecture = findArchitecture(name);
      const { channels } = architecture;
      const card = networkCard(architecture, { classes: CLASSES, inputSize: size, channels });
      const session = openSession(architecture, card, 1);
      const uses = session.model.layers.map(({ inboundNodes }) => inboundNodes.length);
      const dense = new DenseNetworks(architecture, session);
      const images = tf.randomUniform<tf.Rank.R4>([2, size, size, channels], -1, 1, 'float32', 3);
      const run = (input: tf.Tensor4D, [, height, width] = input.shape) =>
        tf.tidy(() => dense.of(height, width).predict(input).dataSync());
      const own = tf.tidy(() => session.network.predict(images).dataSync());
      assertClose(run(images), own, 1e-5, 'logits');
      // The weights are shared: no size adds to those of the first.
      const wide = tf.pad(images, [
        [0, 0],
        [0, 0],
        [16, 16],
        [0, 0],
      ]);
      const { numTensors } = tf.memory();
      const wider = run(wide);
      assert.equal(tf.memory().numTensors - numTensors, held);
      assert.ok(wider.every(Number.isFinite));
      assert.ok(wider.some((value, at) => Math.abs(value - (own[at] as number)) > 1e-6));
      const after = session.model.layers.map(({ inboundNodes }) => inboundNodes.length);
      assert.deepEqual(after, uses);
      dense.dispose();
      tf.dispose([images, wide]);
      tf.disposeVariables();
    });
  }
});
