import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../src/errors.js';
import { openExperiment } from '../../src/experiment/file/experiment.js';
import { temporaryDirectory } from '../commands/program.js';

const HEAD = `title: Depth
claim: Deeper is better
source: a book
settings:
  data: synthetic
  arch: lenet5
`;

describe('an experiment file', () => {
  const directory = temporaryDirectory();

  async function open(text: string, given: Parameters<typeof openExperiment>[2] = []) {
    await writeFile(join(directory.path, 'experiment.yaml'), text);
    return openExperiment(directory.path, undefined, given);
  }

  it('makes a cell of each combination, and its pairs', async () => {
    const { cells, pairs, seeds, ensembles } = await open(`${HEAD}axes:
  network:
    plain: {arch: plain20-cifar}
    resnet: {arch: resnet20-cifar, lr: 0.05}
  weight-decay: [0, 1e-4]
seeds: [1, 2]
exclude: [{network: plain, weight-decay: 0}]
include:
  long: {epochs: 30}
compare: {axis: network}
ensemble: true
`);
    const names = ['plain_weight-decay=0.0001', 'resnet_weight-decay=0'];
    const all = [...names, 'resnet_weight-decay=0.0001', 'long'];
    assert.deepEqual(
      cells.map(({ name }) => name),
      all,
    );
    const found = cells.map(({ resolved: { settings } }) => {
      return [settings.arch, settings.lr, settings.weightDecay, settings.epochs];
    });
    assert.deepEqual(found, [
      ['plain20-cifar', 0.1, 0.0001, 164],
      ['resnet20-cifar', 0.05, 0, 164],
      ['resnet20-cifar', 0.05, 0.0001, 164],
      ['lenet5', 0.05, 0.0005, 30],
    ]);
    assert.deepEqual(pairs, [[all[0], all[2]]]);
    assert.deepEqual(seeds, [1, 2]);
    assert.deepEqual(ensembles, all);
  });

  it('without axes is one cell, and a setting of this start wins', async () => {
    const given = [{ values: { data: 'mnist' }, source: 'flag' as const }];
    const { cells } = await open(`${HEAD}seeds: [0]`, given);
    assert.deepEqual(
      cells.map(({ name, data }) => [name, data]),
      [['lenet5', 'mnist']],
    );
  });

  it('compares all cells with a baseline', async () => {
    const text = `${HEAD}axes: {lr: [0.1, 0.2, 0.3]}\nseeds: [1]\ncompare: {baseline: lr=0.2}`;
    assert.deepEqual((await open(text)).pairs, [
      ['lr=0.2', 'lr=0.1'],
      ['lr=0.2', 'lr=0.3'],
    ]);
  });

  const AXES = `${HEAD}seeds: [1]\naxes:\n  lr: [0.1, 0.2]\n`;
  for (const [what, text, message] of [
    [
      'an unknown key',
      `${HEAD}seeds: [1]\nseed: 2`,
      /yaml:8:1: unknown key "seed". Did you mean "seeds"/,
    ],
    [
      'several missing keys',
      'title: a\nseeds: [1]',
      /yaml:1:1: expected "claim" \(a text: .*\), "source" \(.*\), but/,
    ],
    ['a missing key', 'title: a\nclaim: b\nseeds: [1]', /yaml:1:1: "source" is missing: .*a text/],
    [
      'a key of another kind',
      `${HEAD}seeds: 3`,
      /yaml:7:8: expected "seeds" to be a list of whole/,
    ],
    ['a doubled key', `${HEAD}seeds: [1]\nseeds: [2]`, /yaml:8:1: Map keys must be unique/],
    ['a doubled seed', `${HEAD}seeds: [1, 2, 1]`, /yaml:7:15: the seed 1 comes twice/],
    [
      'a seed that is too large',
      `${HEAD}seeds: [5e9]`,
      /"seed" in .*yaml:7:9 to be a whole number/,
    ],
    [
      'an unknown setting',
      `${HEAD}  epoch: 3\nseeds: [1]`,
      /"epoch" in .*yaml:7:10\. Did you mean "epochs"/,
    ],
    ['a wrong setting', `${HEAD}  lr: fast\nseeds: [1]`, /"lr" in .*yaml:7:7 to be a number/],
    [
      'a seed among the settings',
      `${HEAD}  seed: 3\nseeds: [1]`,
      /"seed" in .*yaml:7:9 .*: list it in "seeds"/,
    ],
    ['an output', `${HEAD}  output: x\nseeds: [1]`, /"output" in .*yaml:7:11 .*chooses it itself/],
    [
      'an empty axis',
      `${HEAD}seeds: [1]\naxes:\n  lr: []`,
      /yaml:9:7: the axis "lr" has no values/,
    ],
    [
      'an axis of no values',
      `${HEAD}seeds: [1]\naxes:\n  network: {}`,
      /yaml:9:12: the axis "network" has no/,
    ],
    [
      'an axis of no setting',
      `${HEAD}seeds: [1]\naxes:\n  lrr: [1]`,
      /"lrr" in .*yaml:9:9\. Did you mean "lr"/,
    ],
    [
      'an impossible value',
      `${HEAD}seeds: [1]\naxes:\n  lr: [0.1, -1]`,
      /"lr" in .*yaml:9:13 to be a number/,
    ],
    [
      'a value that comes twice',
      `${HEAD}seeds: [1]\naxes:\n  lr: [0.1, 0.1]`,
      /yaml:9:13: the axis "lr" has "lr=0.1" twice/,
    ],
    [
      'a value that is no settings',
      `${HEAD}seeds: [1]\naxes:\n  net: {a: 3}`,
      /yaml:9:12: expected "a" to be settings/,
    ],
    [
      'a value that names no directory',
      `${HEAD}seeds: [1]\naxes:\n  data: [/x]`,
      /yaml:9:10: expected a name of letters/,
    ],
    [
      'two axes of one setting',
      `${AXES}  net: {a: {lr: 3}}`,
      /yaml:10:3: the axes "lr" and "net" both set "lr"/,
    ],
    [
      'equal cells',
      `${HEAD}seeds: [1]\naxes:\n  net: {a: {lr: 1}, b: {lr: 1}}`,
      /yaml:8:1: the cells "a" and "b" have the same/,
    ],
    [
      'a cell twice',
      `${AXES}include: {lr=0.1: {lr: 3}}`,
      /yaml:10:11: there are two cells "lr=0.1"/,
    ],
    [
      'an unknown network',
      `${HEAD}seeds: [1]\naxes:\n  arch: [lenet6]`,
      /yaml:9:10: cell "lenet6": Unknown network "lenet6"/,
    ],
    [
      'settings that do not fit',
      `${AXES}  opt-betas: [0.9]`,
      /yaml:10:15: .*--opt-betas with --opt adamw/,
    ],
    [
      'no network',
      'title: a\nclaim: b\nsource: c\nseeds: [1]\nsettings: {data: mnist}',
      /yaml:5:1: cell "cell": give "arch" in "settings" or on an axis/,
    ],
    [
      'an unknown axis to exclude',
      `${AXES}exclude: [{lrr: 0.1}]`,
      /yaml:10:12: there is no axis "lrr"\. Did you mean "lr"/,
    ],
    [
      'an unknown value to exclude',
      `${AXES}exclude: [{lr: 0.3}]`,
      /yaml:10:16: the axis "lr" has no "0.3", but lr=0.1, lr=0.2/,
    ],
    ['nothing left', `${AXES}exclude: [{lr: [0.1, 0.2]}]`, /yaml:10:10: "exclude" leaves no cell/],
    [
      'an unknown cell to compare',
      `${AXES}compare: [[lr=0.1, lr=0.3]]`,
      /yaml:10:20: there is no cell "lr=0.3"/,
    ],
    [
      'a cell compared with itself',
      `${AXES}compare: [[lr=0.1, lr=0.1]]`,
      /yaml:10:11: expected two cells/,
    ],
    [
      'an unknown axis to compare',
      `${AXES}compare: {axis: rl}`,
      /yaml:10:17: there is no axis "rl"/,
    ],
    [
      'another kind of comparison',
      `${AXES}compare: all`,
      /yaml:10:10: expected "compare" to be a list of pairs/,
    ],
    ['an ensemble of one', `${AXES}ensemble: true`, /yaml:10:1: expected two or more "seeds"/],
    [
      'an unknown measure',
      `${AXES}measures: [speed]`,
      /yaml:10:12: expected "measures" to be .*top1/,
    ],
    ['no text', '', /Expected an experiment such as .*yaml: it is empty/],
  ] as const) {
    it(`with ${what} is refused, with the place`, async () => {
      await assert.rejects(open(text), (error: Error) => {
        assert.ok(error instanceof UsageError, String(error.stack));
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it('that is not there is refused', async () => {
    const read = openExperiment(directory.path, 'imagenet.yaml');
    await assert.rejects(read, /Cannot read the experiment file .*imagenet.yaml: /);
  });
});
