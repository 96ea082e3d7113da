/** `cnn finetune`, with runs of a few steps. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { runFinetune } from '../../../src/commands/finetune/finetune.js';
import { runTrain } from '../../../src/commands/train.js';
import { DataError, UsageError } from '../../../src/errors.js';
import { SILENT } from '../../../src/session/reporter.js';
import type { Given } from '../../../src/settings/given.js';
import { writeOddDataset } from '../data/odd-dataset.js';
import { temporaryDirectory } from '../program.js';

interface Finetuned {
  readonly choices: readonly { option: string; value: unknown; reason: string }[];
  readonly training: { run: string; epochs: number; best: { top1: number } };
  readonly evaluation: { top1: number; images: number };
  readonly report: { output: string };
}

describe('cnn finetune', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);

  before(async () => {
    await writeOddDataset(at('data'), 0);
    await cp(at('data/train'), at('folder'), { recursive: true });
    await runTrain(
      {
        ...{ arch: 'lenet5', data: at('data'), 'input-size': '12', epochs: '1' },
        ...{ 'batch-size': '6', backend: 'js', workers: '1', mean: '0.4', std: '0.2' },
        ...{ output: directory.path, experiment: 'pretrained', classes: 'class0,class1' },
        'weights-out': at('pretrained.safetensors'),
      },
      SILENT,
    );
    tf.disposeVariables();
  });

  async function finetune(experiment: string, given: Given): Promise<Finetuned> {
    const place = { output: directory.path, experiment, backend: 'js', workers: '1' };
    try {
      const { json } = await runFinetune({ data: at('folder'), ...place, ...given }, SILENT);
      return json as Finetuned;
    } finally {
      tf.disposeVariables();
    }
  }

  async function record(run: string) {
    return JSON.parse(await readFile(at(run, 'run.json'), 'utf8'));
  }

  it('makes of a folder of class folders a network, its evaluation and its report', async () => {
    const given = { arch: 'lenet5', 'input-size': '12', epochs: '2' };
    const { choices, training, evaluation, report } = await finetune('scratch', given);
    assert.equal(training.epochs, 2);
    assert.equal(evaluation.top1, training.best.top1);
    assert.equal(evaluation.images, 3);
    assert.ok(existsSync(report.output));
    const chosen = new Map(choices.map(({ option, value }) => [option, value]));
    assert.equal(chosen.get('val-fraction'), 0.2);
    assert.ok(!['arch', 'input-size', 'epochs', 'frozen-epochs'].some((name) => chosen.has(name)));
    const { settings, data } = await record('scratch');
    assert.deepEqual([data.training, data.validation], [9, 3]);
    for (const { option, value, reason } of choices) {
      assert.deepEqual(settings[option], { value, source: 'recipe', where: reason });
    }
  });

  it('says each line once, and which validation images it trains on', async () => {
    await cp(at('folder'), at('copies'), { recursive: true });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
      await cp(at('folder/class0/0.png'), at(`copies/class0/${name}.png`));
    }
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    const given = { data: at('copies'), arch: 'lenet5', 'input-size': '12', epochs: '1' };
    const place = { output: directory.path, experiment: 'warned', backend: 'js', workers: '1' };
    await runFinetune({ ...given, ...place }, { ...SILENT, note: say, warn: say });
    tf.disposeVariables();
    assert.equal(said.filter((line) => line.startsWith('backend ')).length, 1);
    const [warning = ''] = said.filter((line) => line.includes('among the training images'));
    assert.match(
      warning,
      /^\d validation images? of \d (is|are) among .*copies.class0.\w\.png is .*class0/,
    );
  });

  it('begins with a run, as that saw its images, and goes on when it is resumed', async () => {
    const given = { weights: at('pretrained'), epochs: '2' };
    await finetune('tuned', given);
    const { settings } = await record('tuned');
    const values = ['arch', 'input-size', 'mean', 'frozen-epochs', 'depth-lr-scale'];
    assert.deepEqual(
      values.map((name) => settings[name].value),
      ['lenet5', 12, [0.4], 1, 0.1],
    );
    const { training, evaluation } = await finetune('resumed', {
      resume: at('tuned'),
      epochs: '3',
    });
    assert.equal(training.epochs, 3);
    assert.equal(evaluation.top1, training.best.top1);
  });

  it('knows the network of a file by its tensors', async () => {
    const { choices } = await finetune('of-file', {
      weights: at('pretrained.safetensors'),
      'input-size': '12',
      epochs: '1',
    });
    const chosen = new Map(choices.map(({ option, value }) => [option, value]));
    assert.equal(chosen.get('arch'), 'lenet5');
    assert.deepEqual(chosen.get('std'), [0.2]);
  });

  it('refuses what it cannot learn from', async () => {
    await cp(at('folder/class0'), at('one/class0'), { recursive: true });
    await cp(at('folder/class0'), at('single/class0'), { recursive: true });
    await mkdir(at('single/class1'));
    await cp(at('folder/class1/0.png'), at('single/class1/0.png'));
    await mkdir(at('empty'));
    await writeFile(at('none.safetensors'), 'no weights at all');
    const weights = at('pretrained');
    for (const [given, kind, message] of [
      [{ data: undefined }, UsageError, /^The folder is missing, for example cnn finetune photos$/],
      [{ data: at('empty') }, DataError, /^No images in /],
      [{ data: at('one') }, DataError, /but found class0 alone: with one there is nothing/],
      [{ data: at('single') }, DataError, /two images or more of each class .* class1 has one/],
      [{ weights: at('none.safetensors') }, DataError, /^Cannot read the weights /],
      [{ weights, arch: 'vgg11' }, DataError, /Expected a checkpoint of vgg11 but /],
    ] as const) {
      await assert.rejects(finetune('refused', given), (error: Error) => {
        assert.ok(error instanceof kind && message.test(error.message), error.message);
        return true;
      });
    }
    assert.ok(!existsSync(at('refused')));
  });
});
