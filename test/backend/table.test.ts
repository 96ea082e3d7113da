import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { PACKAGE_ROOT } from '../../src/package-root.js';
// It registers the gradients.
import '@tensorflow/tfjs-layers';
import { numbers } from '../network/backends.js';
import { device, onNative, stored } from './compare.js';

const ROWS = join(PACKAGE_ROOT, 'src/backend/kernels');

describe('the kernel table', () => {
  onNative(() => {
    const source = readdirSync(ROWS)
      .map((name) => readFileSync(join(ROWS, name), 'utf8'))
      .join('\n');

    it('has every native kernel that a row runs', () => {
      const calls = [...source.matchAll(/\b(?:run|runOne|runBinary)\((?:backend, )?'(\w+)'/g)];
      assert.ok(calls.length > 10);
      for (const [, name] of calls) assert.ok(device().hasKernel(name as string), name);
    });

    it('has no native kernel that no row names', () => {
      const table = device().addon.kernels();
      for (let index = 0; index < table.length; index += 2) {
        const name = table[index] as string;
        assert.match(source, new RegExp(`['"]${name}['"]|\\b${name}:`), `${name} is never run`);
      }
    });

    it('refuses a wrong number of parameters', () => {
      tf.tidy(() => {
        const x = stored([1, 2], [2]);
        assert.throws(
          () => device().runOne('Sum', [x], { shape: [] }, [1, 2]),
          /Sum expects 4 parameters but received 2/,
        );
        assert.throws(
          () => device().runOne('Nothing', [x], { shape: [] }),
          /Nothing has no CPU kernel in this build/,
        );
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
