import assert from 'node:assert/strict';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { UsageError } from '../../src/errors.js';
import { checkLayerFactors, layerFactors } from '../../src/network/layer-factors.js';
import type { Weight } from '../../src/network/weights.js';

const WEIGHTS = ['conv1/kernel', 'conv1/bias', 'conv2.a/kernel', 'fc6/kernel', 'fc8/kernel'].map(
  (name) => ({ name, kind: name.endsWith('bias') ? 'bias' : 'kernel' }) as Weight,
);

const MODEL = {
  layers: ['conv1', 'conv2.a', 'fc6', 'fc8'].map((name) => ({ name, weights: [{}] })),
} as unknown as LayersModel;

describe("factors of layers' learning rates", () => {
  for (const [given, expected] of [
    [[], [1, 1, 1, 1, 1]],
    [['fc8=10'], [1, 1, 1, 1, 10]],
    [['conv1=0'], [0, 0, 1, 1, 1]],
    [['fc*=2'], [1, 1, 1, 2, 2]],
    [
      ['*=0.1', 'fc8=1'],
      [0.1, 0.1, 0.1, 0.1, 1],
    ],
    [['conv2.a=3'], [1, 1, 3, 1, 1]],
  ] as const) {
    it(`are those given: ${given.join(' ')}`, () => {
      assert.deepEqual(layerFactors(WEIGHTS, given), expected);
    });
  }

  it('may be of a layer that is frozen', () => {
    const trained = WEIGHTS.slice(0, 3);
    checkLayerFactors(MODEL, ['fc8=0.1']);
    assert.deepEqual(layerFactors(trained, ['fc8=0.1']), [1, 1, 1]);
  });

  for (const [pair, message] of [
    ['fc8', /Expected layer=factor .* found "fc8"/],
    ['fc8=', /Expected layer=factor/],
    ['=2', /Expected layer=factor/],
    ['fc8=-1', /a factor of 0 or more/],
    ['fc8=1=2', /Expected layer=factor/],
    ['fc8=Infinity', /Expected layer=factor/],
    ['fc7=2', /no layer with weights is called "fc7"\. Did you mean "?fc[68]"?\?/],
    ['conv2xa=2', /no layer with weights is called "conv2xa"/],
  ] as const) {
    it(`are refused: ${pair}`, () => {
      assert.throws(
        () => checkLayerFactors(MODEL, [pair]),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
