import assert from 'node:assert/strict';
import { findArchitecture } from '../../src/archs/index.js';
import { environmentSource } from '../../src/settings/environment.js';
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

  it('of the environment are stronger than those of a file, and name their variable', () => {
    const sources = environmentSource('train', { MLFLOW_TRACKING_URI: 'http://localhost:5000' });
    const file = { values: { mlflow: 'http://127.0.0.1:1' }, source: 'config' } as const;
    const { provenance } = resolveSettings('train', [file, sources], lenet5);
    assert.deepEqual(provenance.mlflow, {
      value: 'http://localhost:5000',
      source: 'environment',
      where: 'MLFLOW_TRACKING_URI',
    });
    assert.deepEqual(environmentSource('train', { MLFLOW_TRACKING_URI: '' }).values, {});
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

  it('know options by the names of other programs', () => {
    const file = { model: 'vgg16', 'data-path': 'x', batch_size: 8, pictures: 3 };
    const { pictures, ...train } = file;
    assert.deepEqual(checkValues('train', train, 'a.json'), {
      arch: 'vgg16',
      data: 'x',
      'batch-size': 8,
    });
    assert.deepEqual(checkValues('data-preview', { pictures }, 'a.json'), { images: 3 });
  });

  it('know choices by the names of other programs', () => {
    const file = { sched: 'CosineAnnealingLR', 'amp-dtype': 'bfloat16', gpu: 1 };
    assert.deepEqual(checkValues('train', file, 'a.json'), {
      'lr-scheduler': 'cosine',
      precision: 'bf16',
      device: 1,
    });
  });

  it('of a file have one name for each option', () => {
    assert.throws(
      () => checkValues('train', { arch: 'vgg16', model: 'lenet5' }, 'a.json'),
      /^UsageError: "model" in a\.json is another name of "arch", which is there too$/,
    );
  });

  it('that do not exist are named with what to do', () => {
    assert.throws(() => checkValues('train', { epoch: 3 }, 'a.json'), /Did you mean "epochs"\?$/);
    assert.throws(
      () => checkValues('train', { amp: true }, 'a.json'),
      /Unknown setting "amp" in a\.json: give --precision bf16$/,
    );
    // What another command could take is no hint for this one.
    assert.throws(() => checkValues('diff', { opt: 'adam' }, 'a.json'), /"opt" in a\.json\.$/);
  });

  for (const [value, message] of [
    ['1.5', /a whole number above 0 but received 1\.5/],
    ['', /received ""/],
    ['Infinity', /received Infinity/],
    ['1e400', /received 1e400/],
    ['-0', /received -0/],
    ['0x', /received "0x"/],
  ] as const) {
    it(`refuse a batch size of "${value}"`, () => {
      assert.throws(() => flagValues('train', { 'batch-size': value }), message);
    });
  }
});
