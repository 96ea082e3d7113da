import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { findArchitecture } from '../../src/archs/index.js';
import { Network } from '../../src/network/network.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { networkCard } from '../../src/session/network-card.js';
import { disposeBatch, evaluateStep, openSession, upload } from '../../src/session/session.js';
import { trainStep } from '../../src/train/step.js';
import { onEachBackend } from '../network/backends.js';

describe('a step of an evaluation', () => {
  onEachBackend(() => {
    const image = input({ shape: [1, 1, 2] });
    const flat = layers.flatten().apply(image) as SymbolicTensor;
    const logits = layers.dense({ units: 3 }).apply(flat) as SymbolicTensor;

    /** The counters of two images with labels 1 and 0, where the biases are these. */
    function countersWith(biases: number[]): number[] {
      const tested = model({ inputs: image, outputs: logits });
      return tf.tidy(() => {
        tested.setWeights([tf.zeros([2, 3]), tf.tensor1d(biases)]);
        const network = new Network(tested);
        const images = tf.zeros([2, 1, 1, 2]) as tf.Tensor4D;
        const labels = tf.tensor1d([1, 0], 'int32');
        return [...evaluateStep({ network } as never, { images, labels }).dataSync()];
      });
    }

    it('counts loss, hits and labels', () => {
      const [loss = Number.NaN, ...counts] = countersWith([0, 0, 0]);
      assert.ok(Math.abs(loss - 2 * Math.log(3)) < 1e-6);
      assert.deepEqual(counts, [1, 2, 2]);
    });

    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      // The loss of -Infinity for another class would be a number.
      it(`has no loss where a logit of another class is ${bad}`, () => {
        assert.ok(Number.isNaN(countersWith([0, 0, bad])[0]));
      });
    }
  });
});

describe('a session whose training has another size', () => {
  onEachBackend(() => {
    const architecture = findArchitecture('resnet20-cifar');
    const classes = ['a', 'b'];
    const SGD = { momentum: 0.9, nesterov: false, weightDecay: 0, decayBias: true, biasLrScale: 1 };

    /** After a step of two images of 12 pixels: its counters, the weights, and an evaluation. */
    function trained(inputSize: number): { step: number[]; weights: number[][]; loss: number } {
      const card = networkCard(architecture, { classes, inputSize, channels: 3 });
      const session = openSession(architecture, card, 1, () => {}, 12);
      const optimizer = new Optimizer(session.network.weights, SGD);
      const batchOf = (size: number) => ({
        images: Uint8Array.from({ length: 2 * size * size * 3 }, (_, i) => (37 * i) % 256),
        labels: Int32Array.of(0, 1),
        mirror: new Uint8Array(2),
        offsets: new Float32Array(6),
        count: 2,
        release: () => {},
      });
      const input = upload(session, batchOf(12), { size: session.training.size });
      const settings = { smoothing: 0, seed: 1, auxiliaryWeight: 0, lr: 0.1, step: 0 };
      const stats = trainStep(session, optimizer, input, settings);
      const seen = upload(session, batchOf(inputSize));
      const evaluated = evaluateStep(session, seen);
      const result = {
        step: [...stats.dataSync()],
        weights: session.model.getWeights().map((weight) => [...weight.dataSync()]),
        loss: evaluated.dataSync()[0] as number,
      };
      for (const batch of [input, seen]) disposeBatch(batch);
      tf.dispose([stats, evaluated]);
      optimizer.dispose();
      session.model.dispose();
      return result;
    }

    it('learns what one of that size learns, and evaluates at its own', () => {
      const [alone, other] = [trained(12), trained(16)];
      assert.deepEqual([other.step, other.weights], [alone.step, alone.weights]);
      assert.notEqual(other.loss, alone.loss);
      assert.ok(Number.isFinite(other.loss));
    });
  });
});
