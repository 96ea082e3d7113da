import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../src/backend/index.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { onNative } from './compare.js';
import { check, nameOf, randomShapes, stridedPointwiseShapes } from './convolution-cases.js';

const SHAPES = [...randomShapes(32), ...stridedPointwiseShapes()];
/** In a process of its own, because a process opens its GPU once. */
const TF32 = process.env['CNN_TEST_TF32'] === '1';

describe('native convolution of random shapes', () => {
  if (TF32) {
    before(async () => void (await openBackend('cuda', { precision: 'tf32' })));
    for (const [index, shape] of SHAPES.entries()) {
      it(`${nameOf(shape)} in TF32`, () => check(shape, index, 1e-5));
    }
    it('rounds factors to 10 bits after the point', () => {
      const product = (value: number) =>
        tf.tidy(
          () => tf.matMul(tf.tensor2d([value], [1, 1]), tf.tensor2d([1], [1, 1])).dataSync()[0],
        );
      assert.equal(product(1 + 2 ** -10), 1 + 2 ** -10);
      assert.equal(product(1 + 2 ** -12), 1);
    });
    return;
  }
  onNative(({ name, tolerance }) => {
    for (const [index, shape] of SHAPES.entries()) {
      it(nameOf(shape), () => check(shape, index, tolerance));
    }
    if (name !== 'cuda') return;
    it('the same in TF32', () => {
      const args = ['node_modules/mocha/bin/mocha.js', 'test/backend/convolution-shapes.test.ts'];
      const env = { ...process.env, CNN_TEST_TF32: '1' };
      const done = spawnSync(process.execPath, args, { cwd: PACKAGE_ROOT, env, encoding: 'utf8' });
      assert.equal(done.status, 0, done.stdout);
    });
  });
});
