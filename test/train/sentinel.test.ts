/** Trainings that come to nothing in each of the ways that the sentinel knows. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { runTrain } from '../../src/commands/train.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { DivergedError } from '../../src/errors.js';
import type { RunEvent } from '../../src/runs/run-directory.js';
import { openEvaluationBatches } from '../../src/session/loaders.js';
import { networkCard } from '../../src/session/network-card.js';
import { SILENT } from '../../src/session/reporter.js';
import { openSession, upload } from '../../src/session/session.js';
import type { Given } from '../../src/settings/given.js';
import { startProgress } from '../../src/train/progress.js';
import { chanceOf } from '../../src/train/sentinel/chance.js';
import { SentinelCounters } from '../../src/train/sentinel/counters.js';
import { Sentinel } from '../../src/train/sentinel/sentinel.js';
import { temporaryDirectory } from '../commands/program.js';

type Colour = readonly [red: number, green: number, blue: number];
type Classes = Readonly<Record<string, Colour>>;

const DARK: Colour = [40, 60, 50];
const BRIGHT: Colour = [210, 200, 190];

describe('the sentinel', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  let runs = 0;

  /** Eight images of each class, all of one colour. */
  async function writeData(root: string, splits: { train: Classes; val: Classes }): Promise<void> {
    for (const [split, classes] of Object.entries(splits)) {
      for (const [name, [r, g, b]] of Object.entries(classes)) {
        const create = { width: 12, height: 12, channels: 3, background: { r, g, b } } as const;
        const image = await sharp({ create }).png().toBuffer();
        await mkdir(join(root, split, name), { recursive: true });
        for (let i = 0; i < 8; i++) await writeFile(join(root, split, name, `${i}.png`), image);
      }
    }
  }

  before(async () => {
    const sound = { dark: DARK, bright: BRIGHT };
    await writeData(at('sound'), { train: sound, val: sound });
    await writeData(at('swapped'), { train: sound, val: { dark: BRIGHT, bright: DARK } });
    await writeData(at('same'), { train: { a: DARK, b: DARK }, val: { a: DARK, b: DARK } });
  });

  /** A training, what it warned of, and the events in its record. */
  async function train(data: string, settings: Given) {
    const warnings: string[] = [];
    const experiment = settings['experiment'] ?? `${data}-${runs++}`;
    const reporter = { ...SILENT, warn: (line: string) => warnings.push(line) };
    const given = {
      ...{ arch: 'lenet5', data: at(data), 'input-size': '12', channels: '3', augment: 'none' },
      ...{ 'batch-size': '4', 'lr-scheduler': 'constant', backend: 'cpu', precision: 'f32' },
      ...{ workers: '1', output: at('runs'), experiment, ...settings },
    };
    const error = await runTrain(given, reporter).then(
      () => undefined,
      (reason) => reason,
    );
    tf.disposeVariables();
    const file = (name: string) => readFile(at('runs', `${experiment}`, name), 'utf8');
    const events: RunEvent[] = JSON.parse(await file('run.json')).events ?? [];
    return { error, warnings, events, kinds: events.map(({ kind }) => kind), file };
  }

  it('ends a training of a high rate with the step, the rate and the last good checkpoint', async () => {
    const { error, events, file } = await train('sound', { epochs: '3', lr: '1e25' });
    assert.ok(error instanceof DivergedError, `${error}`);
    assert.equal(error.exitCode, 4);
    assert.match(error.message, /loss became .* step \d+, with learning rate 1e\+25/);
    assert.match(error.message, /Nothing was saved before it/);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['diverged'],
    );
    await assert.rejects(file('checkpoints/last/state.json'), { code: 'ENOENT' });
  });

  it('names the first layer whose output is not finite, and keeps the checkpoint before', async () => {
    const diverging = { arch: 'simple-cnn', 'checkpoint-steps': '1', 'print-freq': '2' };
    const { error, file } = await train('sound', { ...diverging, epochs: '3', lr: '1e6' });
    assert.match(`${error}`, /first layer whose output is not finite is \w+ \(\d+ of \d+ values/);
    const { step } = JSON.parse(await file('checkpoints/last/state.json')).progress;
    assert.match(`${error}`, new RegExp(`last good checkpoint is that of step ${step} in`));
  });

  it('goes back with a lower rate as often as it may, and goes on', async () => {
    const rolling = { rollback: '2', 'rollback-factor': '1e-15', lr: '1e25', epochs: '2' };
    const { error, kinds, file } = await train('sound', rolling);
    assert.equal(error, undefined);
    assert.deepEqual(kinds, ['diverged', 'rollback', 'diverged', 'rollback']);
    const rows = (await file('summary.csv')).trim().split('\n');
    assert.equal(rows.length, 3);
    assert.equal(Number(rows[2]?.split(',')[6]).toPrecision(3), '0.0000100');
    const { parts } = JSON.parse(await file('checkpoints/last/state.json'));
    assert.deepEqual(parts.rollbacks.count, 2);
    const again = await train('sound', { ...rolling, rollback: '1' });
    assert.match(`${again.error}`, /--rollback 1 is used up/);
  });

  it('tells that an evaluation is at chance where labels are swapped, once', async () => {
    const { kinds, warnings } = await train('swapped', { epochs: '6', lr: '0.05' });
    assert.deepEqual(kinds, ['labels-misaligned']);
    assert.equal(
      warnings.filter((line) => /at chance .* Usual causes: classes/.test(line)).length,
      1,
    );
    assert.deepEqual((await train('sound', { epochs: '6', lr: '0.05' })).kinds, []);
  });

  it('remembers over resumes how long an evaluation was at chance', async () => {
    const first = { epochs: '6', lr: '0.05', experiment: 'resumed' };
    const { file } = await train('swapped', { ...first, 'max-steps': '4' });
    for (let epoch = 2; epoch <= 6; epoch++) {
      const resumed = { resume: at('runs', 'resumed'), 'max-steps': `${4 * epoch}`, workers: '1' };
      await runTrain(resumed, SILENT);
      tf.disposeVariables();
    }
    const { events } = JSON.parse(await file('run.json'));
    assert.deepEqual(
      events.map(({ kind }: RunEvent) => kind),
      ['labels-misaligned'],
    );
  });

  it('tells that a loss is stuck where classes look the same, once', async () => {
    const { kinds, warnings } = await train('same', {
      epochs: '15',
      'batch-size': '2',
      lr: '1e-3',
    });
    assert.deepEqual(kinds, ['loss-stuck']);
    assert.match(warnings.join('\n'), /training loss stays at 0\.69\d, that of knowing nothing/);
  });

  /** A sentinel beside a network, with what it names. */
  async function watch(arch: string, data: string) {
    await openBackend('cpu', { precision: 'f32' });
    const dataset = await openDataset(at(data));
    const card = networkCard(findArchitecture(arch), {
      ...{ classes: dataset.classes, inputSize: 12, channels: 3 },
    });
    const session = openSession(findArchitecture(arch), card, 0);
    const events: Omit<RunEvent, 'time'>[] = [];
    const sentinel = new Sentinel({
      ...{ session, train: dataset.train, val: dataset.val, rate: () => 0.1 },
      reporter: SILENT,
      counters: new SentinelCounters(),
      events: {
        // As slow as a disk may be.
        add: async (event) => {
          await setTimeout(5);
          events.push(event);
        },
      },
    });
    const { transform, channels } = card;
    const loader = await openEvaluationBatches(dataset.train, {
      ...{ backend: { name: 'cpu' }, batchSize: 8, channels, transform, seed: 0 },
      ...{ workers: 1, cache: 'none' },
    });
    return { session, sentinel, loader, events };
  }

  it('tells that images come in the order of their classes, and of dead ReLUs', async () => {
    for (const dead of [false, true]) {
      const { session, sentinel, loader, events } = await watch('simple-cnn', 'sound');
      if (dead) {
        const conv2 = session.model.getLayer('conv2');
        const [kernel] = conv2.getWeights() as [tf.Tensor, tf.Tensor];
        conv2.setWeights([kernel, tf.fill([kernel.shape.at(-1) as number], -1e3)]);
      }
      let step = 20;
      for (let epoch = 0; epoch < 10; epoch++) {
        for await (const batch of loader.batches(epoch)) {
          const input = upload(session, batch);
          await sentinel.batch(batch.labels, input.images, { epoch, step: step++ });
          batch.release();
          tf.dispose([input.images, input.labels]);
        }
      }
      await loader.close();
      await sentinel.beforeSave({ counters: startProgress().counters, step });
      tf.disposeVariables();
      assert.deepEqual(
        events.map(({ kind }) => kind),
        dead ? ['dead-relu', 'labels-constant'] : ['labels-constant'],
      );
      if (dead) assert.match(events[0]?.text ?? '', /All \d+ channels of conv2 are 0/);
    }
  });

  it('looks for no ReLUs in a network without any, whose tanh may be saturated', async () => {
    const { session, sentinel, loader, events } = await watch('lenet5', 'sound');
    assert.equal(session.network.rectifies, false);
    session.network.lookAtRectified = () => assert.fail('a pass for nothing');
    for (const name of ['conv1', 'conv2']) {
      const layer = session.model.getLayer(name);
      const [kernel] = layer.getWeights() as [tf.Tensor];
      // -1 everywhere.
      layer.setWeights([kernel, tf.fill([kernel.shape.at(-1) as number], -1e3)]);
    }
    const images = tf.zeros([2, 12, 12, 3]) as tf.Tensor4D;
    await sentinel.batch(Int32Array.of(0, 1), images, { epoch: 0, step: 20 });
    images.dispose();
    await loader.close();
    tf.disposeVariables();
    assert.deepEqual(events, []);
  });

  it('ends a training whose loss stays high though it is a number', async () => {
    const { sentinel, loader } = await watch('lenet5', 'sound');
    await loader.close();
    tf.disposeVariables();
    const high = { lossSum: 400, top1: 1, top5: 4, labelled: 4 };
    sentinel.losses(high, 50, { epoch: 0, step: 50 });
    sentinel.losses({ ...high, lossSum: 4 }, 50, { epoch: 0, step: 100 });
    sentinel.losses(high, 50, { epoch: 0, step: 150 });
    assert.throws(
      () => sentinel.losses(high, 50, { epoch: 0, step: 200 }),
      /for 100 steps up to step 200/,
    );
    const progress = { counters: { totals: high, window: [1e28, 0, 0, 4] }, step: 300 };
    await assert.rejects(sentinel.beforeSave(progress), /became 2.5e\+27 at step 300/);
  });

  it('has what it named in the record before a checkpoint is saved', async () => {
    const { sentinel, loader, events } = await watch('lenet5', 'sound');
    await loader.close();
    tf.disposeVariables();
    const totals = { lossSum: 400, top1: 1, top5: 4, labelled: 4 };
    sentinel.losses(totals, 50, { epoch: 0, step: 50 });
    await sentinel.beforeSave({ counters: { totals, window: [] }, step: 50 });
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['loss-high'],
    );
  });

  it('judges no evaluation by moving averages that have hardly moved, if it is a number', async () => {
    const { sentinel, loader } = await watch('lenet5', 'sound');
    await loader.close();
    tf.disposeVariables();
    const counters = { totals: { lossSum: 4, top1: 1, top5: 4, labelled: 4 }, window: [] };
    const evaluated = (step: number, loss: number) =>
      sentinel.epoch(
        { epoch: 1, step, stepInEpoch: step, counters },
        { loss, top1: 50, top5: 100, images: 4 },
        false,
      );
    await evaluated(1, 1e9);
    await assert.rejects(evaluated(100, 1e9), /evaluation became 1000000000 at step 100/);
    await assert.rejects(evaluated(1, Number.NaN), /evaluation became NaN at step 1/);
  });
});

describe('chance', () => {
  it('is ln(classes) and a share where classes are alike', () => {
    const { loss, top1 } = chanceOf([0, 1, 2, 3, 0, 1, 2, 3]);
    assert.ok(Math.abs(loss - Math.log(4)) < 1e-12);
    assert.equal(top1, 0.25);
  });
});
