import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { ACTIVATIONS, type Activation, isFused } from '../src/activations.js';

describe('the table of activations', () => {
  before(() => tf.setBackend('cpu'));

  for (const name of Object.keys(ACTIVATIONS) as Activation[]) {
    it(`has the gradient of ${name} by its value`, () => {
      tf.tidy(() => {
        const x = tf.tensor1d([-3, -0.7, -0.1, 0.1, 0.4, 2]);
        const { apply, gradient } = ACTIVATIONS[name];
        const step = 1e-2;
        const [above, below] = [apply(tf.add(x, step)), apply(tf.sub(x, step))];
        const found = gradient(tf.onesLike(x), apply(x)).dataSync();
        const wanted = tf.div(tf.sub(above, below), 2 * step).dataSync();
        for (const [i, value] of wanted.entries()) {
          assert.ok(Math.abs((found[i] ?? Number.NaN) - value) < 1e-3, `${found[i]}, not ${value}`);
        }
      });
    });
  }

  it('knows which kernels can end in which, and no other names', () => {
    assert.ok(isFused('tanh', 'product'));
    assert.ok(!isFused('tanh', 'tfjs product'));
    assert.ok(!isFused('tanh', 'batch normalisation'));
    assert.ok(!isFused('scaledTanh', 'product'));
    for (const name of ['elu', 'toString', undefined]) assert.ok(!isFused(name, 'product'));
  });
});
