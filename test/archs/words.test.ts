import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { adaptiveAveragePool, averagePool, maxPool, padChannels } from '../../src/archs/words.js';
import { UsageError } from '../../src/errors.js';

describe('The words in which the networks are written', () => {
  before(() => tf.setBackend('cpu'));

  // As torch.nn.functional.max_pool2d (1.13) gives them for images of 1 to 12 pixels; 0 is refused.
  // biome-ignore format: one pooling a row
  for (const { size, stride, pad, ceil, sides } of [
    { size: 3, stride: 2, pad: 0, ceil: false, sides: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5] },
    { size: 3, stride: 2, pad: 0, ceil: true,  sides: [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6] },
    { size: 2, stride: 2, pad: 0, ceil: false, sides: [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6] },
    { size: 2, stride: 2, pad: 0, ceil: true,  sides: [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6] },
    { size: 3, stride: 2, pad: 1, ceil: false, sides: [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6] },
    { size: 3, stride: 2, pad: 1, ceil: true,  sides: [1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7] },
    { size: 3, stride: 1, pad: 1, ceil: true,  sides: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
  ]) {
    const kind = `size ${size}, stride ${stride}, padding ${pad}${ceil ? ', ceil' : ''}`;
    it(`max pooling has PyTorch's sizes: ${kind}`, () => {
      const found = sides.map((_, index) => {
        try {
          const x = input({ shape: [index + 1, index + 1, 1] });
          return maxPool(x, 'pool', size, stride, { pad, ceil }).shape[1];
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
          return 0;
        }
      });
      assert.deepEqual(found, sides);
    });
  }

  it('max pooling lets the last window extend beyond the edge', () => {
    const values = run([4, 4, 1], (x) => maxPool(x, 'pool', 3, 2, { ceil: true }));
    assert.deepEqual(values, [10, 11, 14, 15]);
  });

  it('max pooling pads both edges equally', () => {
    const values = run([4, 4, 1], (x) => maxPool(x, 'pool', 3, 2, { pad: 1 }));
    assert.deepEqual(values, [5, 7, 13, 15]);
  });

  it('a shortcut without parameters takes every other pixel and adds maps of zeros', () => {
    const values = run([3, 3, 2], (x) => padChannels(averagePool(x, 'pool', 1, 2), 'pad', 1));
    assert.deepEqual(values, [0, 1, 0, 4, 5, 0, 12, 13, 0, 16, 17, 0]);
  });

  it('adaptive pooling adds no layer where the image has its size already', () => {
    const x = input({ shape: [6, 6, 1] });
    assert.equal(adaptiveAveragePool(x, 'pool', 6), x);
    assert.deepEqual(adaptiveAveragePool(x, 'pool', 4).shape, [null, 4, 4, 1]);
  });
});

/** What the layers make of an image that counts its values from 0. */
function run(shape: number[], build: (x: SymbolicTensor) => SymbolicTensor): number[] {
  const x = input({ shape });
  const network = model({ inputs: x, outputs: build(x) });
  const image = tf.reshape(tf.range(0, tf.util.sizeFromShape(shape)), [1, ...shape]);
  return [...(network.predict(image) as tf.Tensor).dataSync()];
}
