import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { Network } from '../../src/network/network.js';
import { runKernel } from '../../src/network/run-kernel.js';
import { registerTwins } from '../../src/network/twins/index.js';
import { PURPOSES, philox4x32 } from '../../src/rng.js';
import { onEachBackend } from './backends.js';
import { Probe } from './parity.js';

const ones = (count: number, attributes: Record<string, number>) => {
  const x = tf.ones([count]);
  const y = runKernel('Dropout', { x }, { rate: 0.5, seed: 1, step: 0, layer: 0, ...attributes });
  const values = [...y.dataSync()];
  tf.dispose([x, y]);
  return values;
};

describe('Dropout', () => {
  onEachBackend(() => {
    before(() => registerTwins(tf.getBackend()));

    it('keeps exactly the elements whose random word reaches the rate', () => {
      for (const { rate, seed, step, layer } of [
        { rate: 0.5, seed: 1, step: 0, layer: 0 },
        { rate: 0.25, seed: 4_000_000_000, step: 70_000, layer: 17 },
      ]) {
        const expected = Array.from({ length: 1003 }, (_, index) => {
          const words = philox4x32([index >> 2, step, layer, 0], [seed, PURPOSES.dropout]);
          const kept = (words[index & 3] as number) >= Math.floor(rate * 2 ** 32);
          return kept ? Math.fround(1 / (1 - rate)) : 0;
        });
        // bf16 keeps eight bits of 4/3.
        const rounded = ones(1003, { rate, seed, step, layer });
        assert.deepEqual(
          rounded.map((value) => value > 0),
          expected.map((value) => value > 0),
        );
        assert.ok(rounded.every((value, at) => Math.abs(value - (expected[at] as number)) < 6e-3));
      }
    });

    it('drops of a part of a batch what it drops of the whole one', () => {
      for (const features of [4, 7, 1031]) {
        const whole = ones(5 * features, {});
        const x = tf.ones([3, features]);
        const attributes = { rate: 0.5, seed: 1, step: 0, layer: 0, firstImage: 2 };
        const part = runKernel('Dropout', { x }, attributes);
        assert.deepEqual([...part.dataSync()], whole.slice(2 * features));
        tf.dispose([x, part]);
      }
    });

    it('drops the share that the rate says', () => {
      for (const rate of [0.1, 0.5, 0.8]) {
        const kept = ones(40_000, { rate }).filter((value) => value > 0).length / 40_000;
        // Four standard deviations.
        assert.ok(Math.abs(kept - (1 - rate)) < 4 * Math.sqrt((rate * (1 - rate)) / 40_000));
      }
    });

    it('uses one mask forward and backward, of the seed and step it is given', () => {
      const images = input({ shape: [8, 8, 2] });
      const probe = new Probe({ name: 'probe' }).apply(images) as SymbolicTensor;
      const dropped = layers.dropout({ rate: 0.5, name: 'drop' }).apply(probe);
      const logits = layers.flatten({ name: 'flatten' }).apply(dropped) as SymbolicTensor;
      const network = new Network(model({ inputs: images, outputs: logits }));
      const x = tf.ones([1, 8, 8, 2]) as tf.Tensor4D;
      const labels = tf.tensor1d([3], 'int32');
      const { gradients } = network.gradients(x, labels, { smoothing: 0, seed: 9, step: 5 });
      // The dropout is the second layer of the plan.
      const mask = ones(128, { seed: 9, step: 5, layer: 1 });
      const gradient = (gradients[0] as tf.Tensor).dataSync();
      assert.deepEqual(
        [...gradient].map((value) => value !== 0),
        mask.map((value) => value !== 0),
      );
    });

    it('draws another mask for another seed, step or layer, and the same again', () => {
      const base = ones(256, {});
      assert.deepEqual(ones(256, {}), base);
      for (const other of [{ seed: 2 }, { step: 1 }, { layer: 1 }]) {
        assert.notDeepEqual(ones(256, other), base);
      }
    });
  });
});
