import * as tf from '@tensorflow/tfjs-core';
import { random } from '../../src/rng.js';
import { assertClose, onEachBackend, onReference } from '../network/backends.js';

const draw = random(2, 'augment');
const values = (count: number) => Float32Array.from({ length: count }, () => draw.uniform() - 0.5);

function product(
  a: tf.Tensor,
  b: tf.Tensor,
  bias: tf.Tensor | undefined,
  attributes: tf.NamedAttrMap,
): tf.Tensor {
  const inputs = (bias ? { a, b, bias } : { a, b }) as unknown as tf.NamedTensorMap;
  return tf.engine().runKernel('_FusedMatMul', inputs, attributes) as tf.Tensor;
}

describe('native matrix product', () => {
  onEachBackend((backend) => {
    if (!backend.native) return;
    for (const [batch, m, k, n] of [
      [1, 1, 1, 1],
      [1, 3, 5, 7],
      [1, 64, 33, 10],
      [3, 17, 64, 31],
    ] as const) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          it(`${batch}×${m}×${k} by ${k}×${n}, transposed ${transposeA} ${transposeB}`, () => {
            const a = values(batch * m * k);
            const b = values(batch * k * n);
            const bias = values(n);
            const shapeA = transposeA ? [batch, k, m] : [batch, m, k];
            const shapeB = transposeB ? [batch, n, k] : [batch, k, n];
            const compute = () =>
              product(tf.tensor(a, shapeA), tf.tensor(b, shapeB), tf.tensor1d(bias), {
                transposeA,
                transposeB,
                activation: 'relu',
              }).dataSync();
            const wanted = onReference(compute);
            assertClose(tf.tidy(compute), wanted, backend.tolerance, 'product');
          });
        }
      }
    }

    it('sees the weights that SGD has just changed', () => {
      tf.tidy(() => {
        const a = tf.ones([1, 2, 64]);
        const weight = tf.variable(tf.ones([1, 64, 64]));
        const momentum = tf.variable(tf.zeros([1, 64, 64]));
        const multiply = () =>
          product(a, weight, undefined, { transposeA: false, transposeB: false }).dataSync()[0];
        const before = multiply();
        const attributes = {
          lr: 0.25,
          momentum: 0.9,
          nesterov: false,
          weightDecay: [0],
          lrScale: [1],
        };
        const inputs = [weight, momentum, tf.ones([1, 64, 64])] as unknown as tf.NamedTensorMap;
        tf.engine().runKernel('Sgd', inputs, attributes as unknown as tf.NamedAttrMap);
        assertClose([before ?? 0, multiply() ?? 0], [64, 48], 1e-6, 'products');
        tf.dispose([weight, momentum]);
      });
    });
  });
});
