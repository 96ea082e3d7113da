import assert from 'node:assert/strict';
import { findArchitecture } from '../../../src/archs/index.js';
import { openBackend } from '../../../src/backend/index.js';
import { UsageError } from '../../../src/errors.js';
import { Network } from '../../../src/network/network.js';
import { freezeLayers } from '../../../src/train/start/freeze.js';

describe('freezing', () => {
  before(() => openBackend('js', { precision: 'f32' }));
  const build = (name: string) =>
    findArchitecture(name).build({ classes: 10, size: 28, channels: 1, seed: 0 });

  it('keeps the layers that match from being trained, and counts them', () => {
    const net = build('lenet5');
    const told = freezeLayers(net, '^conv|fc3');
    assert.equal(told, 'frozen: 3 of 5 layers with weights, 50,692 parameters');
    assert.deepEqual(
      new Network(net).weights.map(({ name }) => name),
      ['fc4/kernel', 'fc4/bias', 'fc5/kernel', 'fc5/bias'],
    );
    net.dispose();
  });

  for (const [pattern, message] of [
    ['^Conv', /"\^Conv" matches none; layers are conv1, conv2, fc3, fc4, fc5/],
    ['pool', /"pool" matches none/],
    ['.', /--freeze \. leaves nothing to train in lenet5/],
    ['conv(', /to be a regular expression but received "conv\("/],
  ] as const) {
    it(`refuses "${pattern}"`, () => {
      const net = build('lenet5');
      assert.throws(
        () => freezeLayers(net, pattern),
        (error) => error instanceof UsageError && message.test(error.message),
      );
      net.dispose();
    });
  }
});
