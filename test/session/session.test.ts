import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { Network } from '../../src/network/network.js';
import { evaluateStep } from '../../src/session/session.js';
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
