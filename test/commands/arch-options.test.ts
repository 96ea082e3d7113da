/** A network with options, from its training to all that is done with it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { runArchs } from '../../src/commands/archs.js';
import { runEval } from '../../src/commands/eval.js';
import { runExport } from '../../src/commands/export.js';
import { rerunRequest } from '../../src/commands/rerun.js';
import { runSummary } from '../../src/commands/summary/summary.js';
import { runTrain } from '../../src/commands/train.js';
import { UsageError } from '../../src/errors.js';
import { SILENT } from '../../src/session/reporter.js';
import { writeOddDataset } from './data/odd-dataset.js';
import { temporaryDirectory } from './program.js';

interface Scores {
  readonly loss: number;
  readonly arch_options: readonly string[];
}

describe('a network with options', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const onJs = { backend: 'js', workers: '1' };
  const OPTIONS = 'shortcut=B,width=0.25';
  const KEPT = ['shortcut=B', 'width=0.25'];
  let trained: { loss: number };

  before(async () => {
    await writeOddDataset(at('data'), 0);
    trained = (
      await runTrain(
        {
          ...{ arch: 'resnet20-cifar', 'arch-options': OPTIONS, data: at('data'), channels: '3' },
          ...{ 'input-size': '8', 'batch-size': '6', epochs: '1', lr: '0.01', ...onJs },
          ...{ output: directory.path, experiment: 'run', 'lr-milestones': '0.5' },
        },
        SILENT,
      )
    ).json;
  });
  afterEach(() => tf.disposeVariables());

  it('is evaluated as it was trained', async () => {
    const given = { checkpoint: at('run'), data: at('data'), ...onJs };
    const { loss, arch_options } = (await runEval(given)).json as unknown as Scores;
    assert.equal(loss, trained.loss);
    assert.deepEqual(arch_options, KEPT);
  });

  it('is exported, and its weights fit it alone', async () => {
    const output = at('narrow.safetensors');
    await runExport({ checkpoint: at('run'), output });
    const network = { arch: 'resnet20-cifar', weights: output, channels: '3', 'crop-size': '8' };
    const given = { ...network, data: at('data'), 'batch-size': '6', ...onJs };
    const evaluated = await runEval({ ...given, 'arch-options': 'width=0.25 ,shortcut=b' });
    assert.equal((evaluated.json as unknown as Scores).loss, trained.loss);
    await assert.rejects(runEval(given), /do not fit resnet20-cifar/);
  });

  it('is resumed, and cannot become another one', async () => {
    const more = { resume: at('run'), epochs: '2', workers: '1' };
    const changed = runTrain({ ...more, 'arch-options': 'width=0.5' }, SILENT);
    const expected = /--arch-options cannot change from shortcut=B,width=0\.25 to width=0\.5/;
    await assert.rejects(changed, (error) => {
      return error instanceof UsageError && expected.test(error.message);
    });
    const { json } = await runTrain(more, SILENT);
    assert.equal(json.epochs, 2);
  });

  it('is repeated with its options, which another network does not take over', async () => {
    const same = await rerunRequest({ checkpoint: at('run') });
    assert.deepEqual(same.architecture.given, KEPT);
    const wider = await rerunRequest({ checkpoint: at('run'), 'arch-options': 'width=0.5' });
    assert.deepEqual(wider.architecture.given, ['width=0.5']);
    const other = await rerunRequest({ checkpoint: at('run'), arch: 'densenet40-k12' });
    assert.equal(other.architecture.given, undefined);
    assert.equal(other.settings.archOptions, null);
  });

  it('is named in run.json, in the checkpoint and in a summary', async () => {
    const json = async (file: string) => JSON.parse(await readFile(at('run', file), 'utf8'));
    const { settings } = await json('run.json');
    assert.deepEqual(settings['arch-options'].value, KEPT);
    const { network } = await json('checkpoints/last/state.json');
    assert.deepEqual([network.arch, network.archOptions], ['resnet20-cifar', KEPT]);
    const { lines } = await runSummary({ arch: 'resnet20-cifar', 'arch-options': OPTIONS });
    const [title = ''] = lines.filter((line) => line.startsWith('resnet20-cifar ('));
    // 4, 8 and 16 filters: the first convolution, three stages, two projections and the classifier.
    const stages = 6 * (144 + 8) + (288 + 16) + 5 * (576 + 16) + (1152 + 32) + 5 * (2304 + 32);
    const parameters = 27 * 4 + 8 + stages + (32 + 16) + (128 + 32) + 170;
    assert.ok(title.includes(`(shortcut=B, width=0.25) with 10 classes`), title);
    assert.ok(title.includes(`: ${parameters.toLocaleString('en')} parameters`), title);
  });

  it('has its options listed by cnn archs, once for all networks that take them', async () => {
    const { lines } = await runArchs({ names: ['plain20', 'plain56'] });
    const [row = '', ...others] = lines.filter((line) => line.startsWith('width'));
    assert.equal(others.length, 0);
    assert.match(row, /^width +a number of 0\.01 to 8 +1 +multiplies .* plain20-cifar, plain56/);
    assert.ok(!(await runArchs({})).lines.some((line) => line.startsWith('width')));
  });
});
