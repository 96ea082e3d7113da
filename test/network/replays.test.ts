import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { NativeBackend } from '../../src/backend/native-backend.js';
import { Network } from '../../src/network/network.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { liveTensors, numbers, onEachBackend, timeLimit } from './backends.js';
import { narrow } from './narrow.js';

const SGD = { momentum: 0.9, nesterov: false, weightDecay: 1e-4, decayBias: false, biasLrScale: 1 };
const STEP = { smoothing: 0, seed: 1, step: 0, auxiliaryWeight: 0.3 };
/** Residual sums in place, joined maps, inception's branches, dropout and response normalisation. */
const NETWORKS = [
  ['resnet18', 32],
  ['densenet121', 48],
  ['googlenet', 80],
  ['alexnet', 67],
] as const;

describe('passes forward that are replayed', function () {
  this.timeout(timeLimit(60_000));

  onEachBackend(({ native }) => {
    // The others record nothing.
    if (!native) return;
    let replayed = 0;
    const { replay } = NativeBackend.prototype;

    beforeEach(() => {
      replayed = 0;
      NativeBackend.prototype.replay = function (...given) {
        replayed++;
        return replay.apply(this, given);
      };
    });
    afterEach(() => {
      NativeBackend.prototype.replay = replay;
    });

    const imagesOf = (count: number, shift: number, size = 32) => {
      const values = numbers(count * size * size * 3 + shift).subarray(shift);
      return tf.tensor4d(values, [count, size, size, 3]);
    };
    const read = (network: Network, images: tf.Tensor4D) => {
      const logits = network.predict(images);
      const values = [...logits.dataSync()];
      logits.dispose();
      return values;
    };
    /** What a network says that has predicted nothing yet. */
    const fresh = (net: ReturnType<typeof narrow>, images: tf.Tensor4D) => {
      const network = new Network(net);
      const values = read(network, images);
      network.dispose();
      return values;
    };

    for (const [arch, size] of NETWORKS) {
      it(`give the logits of other images and of other weights: ${arch}`, () => {
        const net = narrow(arch, size, 1 / 8);
        const network = new Network(net);
        const sets = [2, 2, 1, 1].map((count, shift) => imagesOf(count, shift, size));
        const check = () => {
          for (const images of [...sets, ...sets, ...sets]) {
            assert.deepEqual(read(network, images), fresh(net, images));
          }
        };
        check();
        // Of each shape two passes are computed, the others replayed.
        assert.equal(replayed, 8);
        const sgd = new Optimizer(network.weights, SGD);
        const { stats, gradients } = network.gradients(
          sets[0] as tf.Tensor4D,
          tf.tensor1d([0, 1], 'int32'),
          STEP,
        );
        sgd.step(gradients, 0.1);
        tf.dispose(stats);
        check();
        for (const weight of net.weights) {
          tf.tidy(() => void weight.write(tf.mul(weight.read(), 1.01)));
        }
        check();
        assert.ok(replayed >= 18, `${replayed}`);
        sgd.dispose();
        network.dispose();
        net.dispose();
        tf.dispose(sets);
      });
    }

    it('take no slot of another tensor, and give theirs back', () => {
      const net = narrow('resnet18', 32, 1 / 8);
      const images = imagesOf(2, 0);
      const slots = () => {
        const scalars = Array.from({ length: 100 }, (_, value) => tf.scalar(value));
        const values = scalars.map((scalar) => scalar.dataSync()[0]);
        assert.deepEqual(values, [...values.keys()]);
        return scalars;
      };
      const [before] = liveTensors();
      const network = new Network(net);
      const wanted = read(network, images);
      read(network, images);
      const scalars = slots();
      for (const _ of [1, 2, 3]) assert.deepEqual(read(network, images), wanted);
      assert.equal(replayed, 3);
      assert.deepEqual(
        scalars.map((scalar) => scalar.dataSync()[0]),
        [...scalars.keys()],
      );
      const two = [network.predict(images), network.predict(images)];
      for (const logits of two) assert.deepEqual([...logits.dataSync()], wanted);
      tf.dispose([...two, ...scalars]);
      network.dispose();
      tf.dispose(slots());
      assert.deepEqual(fresh(net, images), wanted);
      assert.equal(liveTensors()[0], before);
      net.dispose();
      images.dispose();
    });

    it('are of eight shapes at most', () => {
      const net = narrow('resnet18', 32, 1 / 8);
      const network = new Network(net);
      for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        const images = imagesOf(count, count);
        const wanted = fresh(net, images);
        for (const _ of [1, 2, 3]) assert.deepEqual(read(network, images), wanted);
        images.dispose();
      }
      assert.equal(replayed, 9);
      const images = imagesOf(1, 1);
      read(network, images);
      assert.equal(replayed, 9);
      network.dispose();
      net.dispose();
      images.dispose();
    });
  });
});
