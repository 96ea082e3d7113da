import assert from 'node:assert/strict';
import { findArchitecture } from '../../../src/archs/index.js';
import {
  chooseInput,
  chooseNetwork,
  chooseTraining,
  type GivenNumbers,
} from '../../../src/commands/finetune/choices.js';

const FACTS = { training: 400, validation: 100, classes: 10, side: 28, channels: 1 } as const;
const NOTHING: GivenNumbers = { epochs: null, batchSize: null };

describe('the choices of a fine-tuning', () => {
  for (const [side, channels, network, size] of [
    [28, 1, 'lenet5', 28],
    [32, 3, 'resnet20-cifar', 32],
    [50, 3, 'resnet18', 64],
    [90, 1, 'resnet18', 96],
    [500, 3, 'resnet18', 128],
  ] as const) {
    it(`is ${network} at ${size} from scratch for ${side} pixels in ${channels} channels`, () => {
      const facts = { ...FACTS, side, channels };
      const { value } = chooseNetwork(facts);
      assert.equal(value, network);
      const input = chooseInput(findArchitecture(network), facts);
      assert.deepEqual(
        input.map((choice) => choice.value),
        [size, channels],
      );
    });
  }

  function chosen(training: number, withWeights: boolean, given = NOTHING) {
    const resnet = findArchitecture('resnet18');
    const all = chooseTraining(resnet, { ...FACTS, training }, withWeights, given);
    return Object.fromEntries(all.map(({ option, value }) => [option, value]));
  }

  it('take fewer epochs for more images, and for weights', () => {
    const epochs = [400, 4_000, 40_000, 400_000].map((training) => [
      chosen(training, true)['epochs'],
      chosen(training, false)['epochs'],
    ]);
    assert.deepEqual(epochs, [
      [40, 120],
      [20, 60],
      [8, 20],
      [4, 10],
    ]);
  });

  it('follow what is given', () => {
    const given = chosen(400, true, { epochs: 8, batchSize: 128 });
    assert.deepEqual(
      [given['lr'], given['frozen-epochs'], given['early-stop-patience']],
      [0.05, 1, 5],
    );
    assert.equal(chosen(400, true)['lr'], 0.013);
    assert.equal(chosen(400, true, { epochs: 1, batchSize: null })['frozen-epochs'], 0);
    assert.equal(chosen(5, false)['batch-size'], 5);
  });

  it('freeze nothing from scratch', () => {
    assert.equal(chosen(400, false)['frozen-epochs'], undefined);
    assert.equal(chosen(400, false)['depth-lr-scale'], undefined);
    assert.equal(chosen(400, true)['frozen-epochs'], 5);
  });
});
