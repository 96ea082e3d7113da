/** What changes the weights besides gradients continues in a resumed run where it was. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { runEval } from '../../src/commands/eval.js';
import { runExport } from '../../src/commands/export.js';
import { runTrain } from '../../src/commands/train.js';
import { SILENT } from '../../src/session/reporter.js';
import { writeOddDataset } from '../commands/data/odd-dataset.js';
import { temporaryDirectory } from '../commands/program.js';

/** Columns of summary.csv that are no times. */
const LASTING = /^(epoch|step|train_|eval_|lr|ema_)/;

describe('a training', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  before(() => writeOddDataset(at('data'), 0));

  async function train(experiment: string, settings: Readonly<Record<string, string>>) {
    const { json, lines } = await runTrain(
      {
        ...{ arch: 'lenet5', data: at('data'), 'input-size': '12', channels: '3' },
        // 12 images: four steps of an epoch, in groups of three and one.
        ...{
          'batch-size': '3',
          epochs: '4',
          'grad-accum-steps': '3',
          backend: 'cpu',
          precision: 'f32',
          workers: '1',
        },
        ...{ output: at('runs'), experiment, ...settings },
      },
      SILENT,
    );
    tf.disposeVariables();
    return { json, lines };
  }

  async function resume(experiment: string, maxSteps: number) {
    const run = at('runs', experiment);
    await runTrain({ resume: run, 'max-steps': String(maxSteps) }, SILENT);
    tf.disposeVariables();
  }

  async function leftOf(experiment: string) {
    const file = (...names: string[]) => readFile(at('runs', experiment, ...names));
    const { parts, tensors } = JSON.parse(String(await file('checkpoints/last/state.json')));
    const [header = '', ...rows] = String(await file('summary.csv'))
      .trim()
      .split('\n');
    const lasting = header.split(',').map((name) => LASTING.test(name));
    return {
      weights: (await file('checkpoints/last/weights.bin')).toString('hex'),
      optimizer: (await file('checkpoints/last/optimizer.bin')).toString('hex'),
      tensors: tensors.map(({ name }: { name: string }) => name),
      parts,
      header,
      rows: rows.map((row) => row.split(',').filter((_, index) => lasting[index])),
    };
  }

  const CASES = {
    'AdamW, a plateau, clipped gradients and an average': {
      ...{ opt: 'adamw', lr: '0.002', 'lr-scheduler': 'plateau', patience: '0' },
      ...{ 'lr-gamma': '0.5', 'clip-grad-norm': '1', 'ema-decay': '0.8', 'lr-warmup-steps': '3' },
    },
    'LAMB and a cycle': { opt: 'lamb', lr: '0.02', 'lr-scheduler': 'onecycle' },
  };
  for (const [index, [name, settings]] of Object.entries(CASES).entries()) {
    it(`by ${name} is the same when it is interrupted within groups and epochs`, async () => {
      const [whole, parted] = [`whole${index}`, `parted${index}`];
      await train(whole, { ...settings, 'max-steps': '16' });
      await train(parted, { ...settings, 'max-steps': '2' });
      for (const step of [5, 8, 16]) await resume(parted, step);
      const [expected, found] = [await leftOf(whole), await leftOf(parted)];
      assert.deepEqual(found, expected);
      assert.equal(found.rows.length, 4);
      if (index > 0) return;
      assert.ok(found.parts.updates.plateau.falls > 0, JSON.stringify(found.parts));
      assert.match(found.header, /,ema_loss,ema_top1,ema_top5$/);
    });
  }

  it('evaluates averaged weights as cnn eval --ema does, and exports them', async () => {
    const { json, lines } = await train('averaged', { 'ema-decay': '0.5', lr: '0.02' });
    assert.match(lines.join('\n'), /^averaged weights: Acc@1 \d/m);
    const { average, best } = json;
    const text = `best Acc@1 ${best.top1.toFixed(3)} of the averaged weights in epoch ${best.epoch}`;
    assert.ok(lines[0]?.endsWith(text), lines[0]);
    assert.ok(average && average.loss !== json.loss);
    const checkpoint = json.run;
    const common = { checkpoint, data: at('data'), backend: 'cpu', precision: 'f32', workers: '1' };
    const averaged = await runEval({ ...common, ema: true }, SILENT);
    const plain = await runEval(common, SILENT);
    assert.ok(Math.abs(averaged.json.loss - average.loss) < 1e-6, `${averaged.json.loss}`);
    const kept = join(checkpoint, 'checkpoints', 'best');
    const bestOnes = await runEval({ ...common, checkpoint: kept, ema: true }, SILENT);
    assert.ok(Math.abs(bestOnes.json.loss - best.loss) < 1e-6, `${bestOnes.json.loss}`);
    assert.ok(Math.abs(plain.json.loss - json.loss) < 1e-6, `${plain.json.loss}`);
    const outputs = [at('plain.safetensors'), at('ema.safetensors')] as const;
    await runExport({ checkpoint, output: outputs[0] });
    await runExport({ checkpoint, ema: true, output: outputs[1] });
    assert.notDeepEqual(await readFile(outputs[0]), await readFile(outputs[1]));
    tf.disposeVariables();
  });

  it('ends when the best accuracy is as old as its patience', async () => {
    const still = { lr: '1e-30', 'weight-decay': '0', epochs: '9', 'early-stop-patience': '2' };
    const { json } = await train('still', still);
    assert.deepEqual([json.epochs, json.best.epoch], [3, 1]);
  });

  it('of groups of batches is that of one large batch', async () => {
    const common = { epochs: '2', lr: '0.05', augment: 'none', 'lr-scheduler': 'constant' };
    await train('large', { ...common, 'batch-size': '6', 'grad-accum-steps': '1' });
    await train('groups', { ...common, 'batch-size': '2', 'grad-accum-steps': '3' });
    const [large, groups] = await Promise.all(
      ['large', 'groups'].map(async (name) => {
        const { buffer, byteOffset, length } = await readFile(
          at('runs', name, 'checkpoints/last/weights.bin'),
        );
        return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
      }),
    );
    assert.ok(large && groups && large.length === groups.length);
    const worst = large.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (groups[i] ?? 9))),
      0,
    );
    assert.ok(worst < 1e-5, `off by ${worst}`);
  });
});
