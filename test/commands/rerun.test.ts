/** `cnn rerun` and `cnn diff`, with runs of a step or two. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { runDiff } from '../../src/commands/diff.js';
import { rerunRequest, runRerun } from '../../src/commands/rerun.js';
import { runTrain } from '../../src/commands/train.js';
import { DataError, UsageError } from '../../src/errors.js';
import { SILENT } from '../../src/session/reporter.js';
import type { Given } from '../../src/settings/given.js';
import { writeOddDataset } from './data/odd-dataset.js';
import { temporaryDirectory } from './program.js';

describe('a run that is repeated', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const record = async (run: string) => JSON.parse(await readFile(at(run, 'run.json'), 'utf8'));
  const weights = (run: string) => readFile(at(run, 'checkpoints/last/weights.bin'));

  before(async () => {
    await writeOddDataset(at('data'), 0);
    await runTrain(
      {
        ...{ arch: 'lenet5', data: at('data'), 'input-size': '12', channels: '3', lr: '0.04' },
        ...{ 'batch-size': '6', epochs: '1', backend: 'js', workers: '1', seed: '3' },
        ...{ output: directory.path, experiment: 'a', 'weights-out': at('a.safetensors') },
      },
      SILENT,
    );
    tf.disposeVariables();
  });

  async function rerun(experiment: string, given: Given = {}) {
    const place = { output: directory.path, experiment };
    try {
      return (await runRerun({ checkpoint: at('a'), ...place, ...given }, SILENT)).json;
    } finally {
      tf.disposeVariables();
    }
  }

  it('gives the same bits, and says that its settings are those of the run', async () => {
    await rerun('b');
    assert.deepEqual(await weights('b'), await weights('a'));
    const { settings } = await record('b');
    assert.deepEqual(settings.lr, { value: 0.04, source: 'run', where: at('a') });
    assert.deepEqual(settings.momentum, (await record('a')).settings.momentum);
    assert.equal(settings.arch.value, 'lenet5');
  });

  it('takes what is given over what is stored, and the recipe of another network', async () => {
    const given = { checkpoint: at('a'), arch: 'simple-cnn', lr: '0.01', seed: '4' };
    const { provenance, settings, architecture } = await rerunRequest(given);
    const names = ['batch-size', 'lr', 'weight-decay'] as const;
    const sources = names.map((name) => provenance[name]?.source);
    assert.deepEqual(sources, ['run', 'flag', 'recipe']);
    assert.deepEqual([settings.lr, settings.seed, settings.epochs], [0.01, 4, 1]);
    assert.deepEqual([settings.arch, architecture.name], ['simple-cnn', 'simple-cnn']);
  });

  it('does not write where the record says', async () => {
    const changed = await record('a');
    changed.settings['weights-out'].value = at('victim');
    changed.settings.output.value = at('elsewhere');
    await cp(at('a'), at('stranger'), { recursive: true });
    await writeFile(at('stranger/run.json'), JSON.stringify(changed));
    await rerun('mine', { checkpoint: at('stranger') });
    assert.equal((await record('mine')).settings['weights-out'].value, null);
    assert.ok(existsSync(at('mine/summary.csv')));
    for (const name of ['victim', 'elsewhere']) assert.ok(!existsSync(at(name)), name);
  });

  it('needs the same data, unless it is told otherwise', async () => {
    await writeOddDataset(at('data2'), 0);
    await cp(at('data2/train/class0/0.png'), at('data2/train/class0/more.png'));
    const data = { data: at('data2'), 'max-steps': '1' };
    await assert.rejects(rerun('refused', data), (error: Error) => {
      return (
        error instanceof DataError && /is not the data that .*a was trained/.test(error.message)
      );
    });
    assert.ok(!existsSync(at('refused')));
    await rerun('told', { ...data, 'other-data': true });
    await rerun('fewer', { classes: 'class0,class2', 'max-steps': '1' });
  });

  describe('beside the other', () => {
    const diff = async (given: Given, ...runs: string[]) =>
      runDiff({ ...given, runs: runs.map((run) => at(run)) });

    it('differs in nothing but time', async () => {
      const { json } = await diff({ json: true }, 'a', 'b');
      const { differences } = json as { differences: { section: string; name: string }[] };
      const names = differences.map(({ section, name }) => `${section} ${name}`);
      const times = ['images_per_second', 'data_wait_percent', 'seconds'];
      const timed = times.map((name) => `results ${name}`);
      assert.deepEqual(
        names.filter((name) => !timed.includes(name)),
        ['settings weights-out'],
      );
    });

    it('differs in settings, data and results, as text, JSON and CSV', async () => {
      const { lines, json } = await diff({}, 'a', 'told');
      assert.match(lines[0] ?? '', /^section +name +\S+a +\S+told$/);
      assert.match(lines.join('\n'), /^settings +max-steps +- +1$/m);
      assert.match(lines.join('\n'), /^data +training +12 +13$/m);
      assert.match(lines.join('\n'), /^results +steps +2 +1$/m);
      const { differences } = json as { differences: unknown[] };
      assert.ok(
        differences.some((found) => {
          return JSON.stringify(found) === '{"section":"results","name":"steps","a":2,"b":1}';
        }),
      );
      const csv = await diff({ csv: true }, 'a', 'told');
      assert.equal(csv.lines[0], `section,name,${at('a')},${at('told')}`);
      assert.ok(csv.lines.includes('results,steps,2,1'));
    });

    it('is one of exactly two', async () => {
      for (const runs of [['a'], ['a', 'b', 'a']]) {
        await assert.rejects(diff({}, ...runs), UsageError);
      }
      await assert.rejects(diff({}, 'a', 'missing'), /missing is no run: it does not exist/);
      await assert.rejects(diff({ csv: true, json: true }, 'a', 'b'), UsageError);
    });
  });
});
