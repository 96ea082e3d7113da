import assert from 'node:assert/strict';
import { findArchitecture } from '../../src/archs/index.js';
import { resolveSettings } from '../../src/settings/resolve.js';
import { checkValues, flagValues } from '../../src/settings/validate.js';

describe('settings', () => {
  const lenet5 = findArchitecture('lenet5');

  it('take flags over the file over the recipe over the default', () => {
    const { settings, provenance } = resolveSettings(
      'train',
      [
        { values: { lr: 0.2, momentum: 0.5 }, source: 'config' },
        { values: { lr: 0.3 }, source: 'flag' },
      ],
      lenet5,
    );
    assert.deepEqual(
      [settings.lr, settings.momentum, settings.batchSize, settings.printFreq],
      [0.3, 0.5, lenet5.recipe.batchSize, 50],
    );
    const sources = (['lr', 'momentum', 'batch-size', 'print-freq'] as const).map(
      (name) => provenance[name]?.source,
    );
    assert.deepEqual(sources, ['flag', 'config', 'recipe', 'default']);
  });

  it('read numbers from flags, but want numbers in files', () => {
    assert.deepEqual(flagValues('train', { lr: '1e-3', nesterov: false }), {
      lr: 0.001,
      nesterov: false,
    });
    assert.throws(
      () => checkValues('train', { lr: '1e-3' }, 'a.json'),
      /Expected "lr" in a\.json to be a number above 0 but received "1e-3"/,
    );
  });

  it('know options by their aliases', () => {
    assert.deepEqual(checkValues('train', { wd: 0.1 }, 'a.json'), { 'weight-decay': 0.1 });
  });

  for (const [value, message] of [
    ['1.5', /a whole number above 0 but received 1\.5/],
    ['', /received ""/],
    ['Infinity', /received Infinity/],
    ['0x', /received "0x"/],
  ] as const) {
    it(`refuse a batch size of "${value}"`, () => {
      assert.throws(() => flagValues('train', { 'batch-size': value }), message);
    });
  }
});
