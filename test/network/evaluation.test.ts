import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { Network } from '../../src/network/network.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { liveTensors, numbers, onEachBackend, timeLimit } from './backends.js';
import { narrow } from './narrow.js';

const SGD = { momentum: 0.9, nesterov: false, weightDecay: 1e-4, decayBias: false, biasLrScale: 1 };
const STEP = { smoothing: 0, seed: 1, step: 0, auxiliaryWeight: 0.3 };
const SIZE = 32;

/** Of the largest logit: rounding of float32 in another order, and of bfloat16 at each layer. */
const TOLERANCE = { f32: 1e-4, bf16: 0.1 };

describe('Normalisation folded into convolutions', () => {
  onEachBackend(({ precision, native }) => {
    // The others fold nothing.
    if (!native) return;

    for (const arch of ['resnet18', 'resnet50', 'vgg11-bn', 'googlenet-bn', 'densenet121'])
      it(`gives the logits of ${arch}, also after a step`, function () {
        this.timeout(timeLimit(60_000));
        check(narrow(arch, SIZE, 1 / 8), precision);
      });

    for (const arch of ['preresnet20-cifar', 'resnet20-cifar', 'densenet40-k12'])
      it(`gives the logits of ${arch}, also after a step`, function () {
        this.timeout(timeLimit(60_000));
        check(narrow(arch, SIZE, 1 / 2), precision);
      });

    it('is freed when training goes on, and with the network', () => {
      const before = liveTensors();
      const net = narrow('resnet18', SIZE, 1 / 8);
      const network = new Network(net);
      const images = tf.tensor4d(numbers(SIZE * SIZE * 3), [1, SIZE, SIZE, 3]);
      const live = liveTensors();
      network.predict(images).dispose();
      assert.notDeepEqual(liveTensors(), live);
      const { stats, gradients } = network.gradients(images, tf.tensor1d([0], 'int32'), STEP);
      tf.dispose([stats, gradients]);
      network.predict(images).dispose();
      network.dispose();
      net.dispose();
      images.dispose();
      assert.equal(liveTensors()[0], (before[0] as number) + 1);
    });
  });
});

/** Compares predictions with those layer by layer, twice: at the second the weights are kept. */
function check(net: LayersModel, precision: 'f32' | 'bf16'): void {
  const network = new Network(net);
  for (const weight of net.weights) {
    if (!/gamma|moving/.test(weight.originalName)) continue;
    const values = numbers(weight.shape[0] as number).map((value) => 1 + 0.5 * value);
    tf.tidy(() => void weight.write(tf.tensor1d(values)));
  }
  const sgd = new Optimizer(network.weights, SGD);
  const images = tf.tensor4d(numbers(2 * SIZE * SIZE * 3), [2, SIZE, SIZE, 3]);
  const labels = tf.tensor1d([0, 1], 'int32');
  for (const trained of [false, true]) {
    let wanted: Float32Array | undefined;
    network.lookAtOutputs(images, (_, output) => {
      wanted = output.dataSync() as Float32Array;
    });
    const largest = Math.max(...(wanted as Float32Array).map(Math.abs));
    for (const pass of [1, 2, 3]) {
      const logits = network.predict(images);
      const given = logits.dataSync();
      const worst = Math.max(...given.map((value, i) => Math.abs(value - (wanted?.[i] as number))));
      assert.ok(
        worst <= TOLERANCE[precision] * largest,
        `pass ${pass}, ${trained}: ${worst} of ${largest}`,
      );
      logits.dispose();
    }
    if (trained) continue;
    const { stats, gradients } = network.gradients(images, labels, STEP);
    sgd.step(gradients, 0.01);
    tf.dispose([stats, gradients]);
  }
  sgd.dispose();
  network.dispose();
  net.dispose();
  tf.dispose([images, labels]);
}
