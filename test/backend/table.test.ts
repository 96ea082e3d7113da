import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { ROW_NAMES } from '../../src/backend/kernels/index.js';
import { measurePeaks } from '../../src/backend/kernels/peaks.js';
import { PARAMETERS } from '../../src/backend/parameters.js';
import { Profiler } from '../../src/backend/profiler.js';
// It registers the gradients.
import '@tensorflow/tfjs-layers';
import { numbers } from '../network/backends.js';
import { device, onNative, stored } from './compare.js';

describe('the kernel table', () => {
  onNative(() => {
    it('has no native kernel that nothing runs', async () => {
      const rows = new Set(ROW_NAMES);
      const others = Object.keys(PARAMETERS).filter((kernel) => !rows.has(kernel));
      const ran = new Set<string>();
      device().onRun = (kernel) => ran.add(kernel);
      tf.tidy(() => tf.slice(stored([1, 2, 3], [3]), 1, 2));
      const profiler = new Profiler(device());
      const stop = profiler.stop.bind(profiler);
      profiler.stop = async () => {
        const calls = await stop();
        for (const { kernel } of calls) ran.add(kernel);
        return calls;
      };
      await measurePeaks(profiler);
      assert.deepEqual(
        others.filter((kernel) => !ran.has(kernel)),
        [],
      );
    });

    it('refuses a call without all parameters, or with too few numbers in one', () => {
      tf.tidy(() => {
        const x = stored([1, 2], [2]);
        const before = device().numDataIds();
        const sizes = { outer: 1, reduce: 2, inner: 1 };
        assert.throws(
          () => device().runOne('Sum', [x], { shape: [] }, sizes as never),
          /Sum expects the parameter divisor but received undefined/,
        );
        const pixels = { batch: 1, height: 1, width: 1, channels: 1, shift: [0, 0, 0] };
        assert.throws(
          () => device().run('ImageToFloat', [x], [], { ...pixels, scale: [1, 2] }),
          /ImageToFloat expects the parameter scale but received 1,2/,
        );
        assert.equal(device().numDataIds(), before);
      });
    });
  });
});

describe('memory of our backend', () => {
  onNative(() => {
    /** A mix of kernels, native and not, views, variables and reads. */
    function mix(variable: tf.Variable): void {
      tf.tidy(() => {
        const x = stored(numbers(2 * 6 * 6 * 8), [2, 6, 6, 8]);
        const filter = stored(numbers(3 * 3 * 8 * 8), [3, 3, 8, 8]) as tf.Tensor4D;
        const y = tf.relu(tf.conv2d(x as tf.Tensor4D, filter, 1, 'same'));
        const joined = tf.concat([y, x, tf.add(x, 1)], 3);
        const [left, right] = tf.split(joined, [8, 16], 3) as [tf.Tensor, tf.Tensor];
        const pooled = tf.mean(
          tf.pad(right, [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ]),
          [1, 2],
        );
        const flat = tf.reshape(left, [2, -1]);
        const product = tf.matMul(flat, flat, false, true);
        variable.assign(tf.addN([variable, tf.sum(product), tf.max(pooled)]));
        tf.selu(tf.transpose(product)).dataSync();
        tf.argMax(tf.softmax(product), 1).dataSync();
        const loss = () => tf.sum(tf.square(tf.mul(variable, pooled))) as tf.Scalar;
        tf.dispose(tf.variableGrads(loss, [variable]).grads);
      });
    }

    it('stays the same over 200 rounds of many kernels', async () => {
      const variable = tf.variable(tf.scalar(0));
      const counts = async () => {
        // Memory is freed when the stream gets there.
        await device().sync();
        const { numTensors } = tf.memory();
        return [numTensors, device().numDataIds(), device().memory().deviceBytes];
      };
      for (let round = 0; round < 3; round++) mix(variable);
      const before = await counts();
      for (let round = 0; round < 200; round++) mix(variable);
      assert.deepEqual(await counts(), before);
      variable.dispose();
    });

    it('is kept while a view or another holder of the same data lives', () => {
      const x = stored([1, 2, 3, 4], [4]);
      const view = tf.reshape(x, [2, 2]);
      x.dispose();
      assert.deepEqual([...view.dataSync()], [1, 2, 3, 4]);
      const copy = view.clone();
      view.dispose();
      assert.deepEqual([...copy.dataSync()], [1, 2, 3, 4]);
      const before = device().numDataIds();
      copy.dispose();
      assert.equal(device().numDataIds(), before - 1);
    });
  });
});
