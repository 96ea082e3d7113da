/** Every option of `cnn train` changes what it is for, and nothing else. */
import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runDataStats } from '../../src/commands/data/stats.js';
import { DataError, DivergedError, UsageError } from '../../src/errors.js';
import { shuffledIndices } from '../../src/rng.js';
import type { RunRecord } from '../../src/runs/run-directory.js';
import { COMMAND_OPTIONS } from '../../src/settings/commands.js';
import type { Given } from '../../src/settings/given.js';
import { startStandIn } from '../loggers/mlflow-server.js';
import { writeOddDataset, writeOddLabels } from './data/odd-dataset.js';
import { type Observed, observe } from './observed.js';
import { cnn, temporaryDirectory } from './program.js';

type Option = (typeof COMMAND_OPTIONS.train)[number];
type Aspect = keyof Observed;

/** Two trainings that differ in one option. */
interface Row {
  readonly option: Option;
  /** With it; DIRECTORY is that of all tests, RUN that of this training. */
  readonly given: string | boolean;
  /** Settings of both trainings that are not those of BASE. */
  readonly both?: Readonly<Record<string, string | true>>;
  /** All that differs. */
  readonly changes: readonly Aspect[];
  /** What may differ besides, by rounding. */
  readonly may?: readonly Aspect[];
  /** What the training with the option shows. */
  readonly shows?: Check;
}

type Check = (found: Observed) => void;

/** 12 images in batches of 6: two steps. */
const BASE = {
  ...{ arch: 'lenet5', data: 'DIRECTORY/data', 'input-size': '12', channels: '3' },
  ...{ 'batch-size': '6', epochs: '1', backend: 'cpu', precision: 'f32' },
  ...{ workers: '1', cache: 'none', output: 'RUN/runs', experiment: 'run' },
};
const LEARNED = ['weights', 'momenta', 'training', 'evaluation'] as const;
const STEP_SCHEDULE = { 'lr-scheduler': 'step', 'lr-step-size': '1', epochs: '2' };
const RA = { 'auto-augment': 'ra' };
const AUGMENTED = {
  ...{ 'auto-augment': 'ra', 'color-jitter': '0.4,0.4,0.4,0.1', 'random-erase': '0.5' },
  ...{ 'mixup-alpha': '0.2', 'cutmix-alpha': '1', 'repeated-augmentation': '2' },
  ...{ 'bce-loss': true, 'bce-target-thresh': '0.2' },
} as const;
const AREA = { 'train-crop-mode': 'area' };
// A bias of 0 may become one of 1e-30.
const STILL = { lr: '1e-30', 'weight-decay': '0' };
/** One step with one image. */
const DROPOUT = {
  ...{ ...STILL, arch: 'simple-cnn', weights: 'DIRECTORY/simple-cnn.safetensors' },
  ...{ augment: 'none', 'batch-size': '1', 'max-steps': '1' },
};
/** A seed with which the first image is that of seed 0. */
const SAME_FIRST = String(
  Array.from({ length: 1000 }, (_, seed) => seed).findLast((seed) => {
    return shuffledIndices(12, seed, 0)[0] === shuffledIndices(12, 0, 0)[0];
  }),
);
const WARMUP = { 'lr-warmup-steps': '4' };
const CYCLE = { 'lr-scheduler': 'onecycle', epochs: '2' };
const ADAMW = { opt: 'adamw', lr: '0.001' };
const HEADS = { arch: 'googlenet', 'input-size': '32' };

const equals =
  (aspect: Aspect, expected: unknown): Check =>
  (found) =>
    assert.deepEqual(found[aspect], expected);

const has =
  (file: string): Check =>
  ({ files }) =>
    assert.ok(files.includes(file), `${files}`);

// biome-ignore format: one option a row
const ROWS: readonly Row[] = [
  { option: 'arch', given: 'simple-cnn', changes: [...LEARNED, 'lr', 'card'] },
  { option: 'arch-options', given: 'pool=max', changes: [...LEARNED, 'card'],
    shows: ({ card }) => assert.deepEqual(card['archOptions'], ['pool=max']) },
  { option: 'data', given: 'DIRECTORY/other', changes: [...LEARNED, 'data'] },
  { option: 'labels', given: 'DIRECTORY/labels.csv', changes: [...LEARNED, 'steps', 'lr', 'data'] },
  { option: 'val-fraction', given: '0.5', both: { data: 'DIRECTORY/flat', 'val-fraction': '0.25' },
    changes: [...LEARNED, 'data'], shows: ({ data }) => assert.equal(data['validation'], 6) },
  { option: 'subset', given: '2/class', changes: [...LEARNED, 'steps', 'lr', 'data', 'files'] },
  { option: 'classes', given: 'class0,class2', changes: [...LEARNED, 'steps', 'lr', 'card', 'data'] },
  { option: 'epochs', given: '2', changes: [...LEARNED, 'steps', 'lr', 'reports'], shows: equals('steps', [2, 4]) },
  { option: 'batch-size', given: '4', changes: [...LEARNED, 'steps', 'lr'], shows: equals('steps', [3]) },
  { option: 'lr', given: '0.1', changes: [...LEARNED, 'lr'] },
  // Of a cosine over two steps the first is as in a constant schedule.
  { option: 'lr-scheduler', given: 'constant', changes: ['weights', 'evaluation', 'lr'], shows: equals('lr', [0.05]) },
  { option: 'lr-step-size', given: '2', both: STEP_SCHEDULE, changes: [...LEARNED, 'lr'], shows: equals('lr', [0.05, 0.05]) },
  { option: 'lr-gamma', given: '0.5', both: STEP_SCHEDULE, changes: [...LEARNED, 'lr'], shows: equals('lr', [0.05, 0.025]) },
  { option: 'lr-warmup-steps', given: '8', changes: [...LEARNED, 'lr'], shows: equals('lr', [0.0125]) },
  { option: 'lr-milestones', given: '0.25', both: { 'lr-scheduler': 'multistep', 'lr-milestones': '1', epochs: '2' }, changes: [...LEARNED, 'lr'] },
  { option: 'lr-power', given: '2', both: { 'lr-scheduler': 'poly' }, changes: ['weights', 'evaluation', 'lr'], shows: equals('lr', [0.0125]) },
  { option: 'lr-min', given: '0.01', changes: ['weights', 'evaluation', 'lr'], shows: equals('lr', [0.03]) },
  { option: 'cycle-momentum', given: false, both: CYCLE, changes: ['weights', 'momenta', 'evaluation'], may: ['training'] },
  { option: 'base-momentum', given: '0.5', both: CYCLE, changes: ['weights', 'momenta', 'evaluation'], may: ['training'] },
  { option: 'max-momentum', given: '0.99', both: CYCLE, changes: ['weights', 'momenta', 'evaluation'], may: ['training'] },
  { option: 'patience', given: '0', both: { ...STILL, 'lr-scheduler': 'plateau', epochs: '3' }, changes: ['lr'], may: LEARNED },
  { option: 'lr-warmup-epochs', given: '1', changes: [...LEARNED, 'lr'], shows: equals('lr', [0.05]) },
  { option: 'lr-warmup-method', given: 'constant', both: WARMUP, changes: [...LEARNED, 'lr'] },
  { option: 'lr-warmup-decay', given: '0.5', both: WARMUP, changes: [...LEARNED, 'lr'] },
  { option: 'opt', given: 'sgd-caffe', changes: ['weights', 'momenta', 'evaluation'], may: ['training'] },
  { option: 'opt', given: 'lamb', both: { lr: '0.01' }, changes: LEARNED },
  { option: 'opt-alpha', given: '0.5', both: { opt: 'rmsprop', lr: '0.001' }, changes: LEARNED },
  { option: 'opt-trust', given: '0.1', both: { opt: 'lars', lr: '1' }, changes: ['weights', 'momenta', 'evaluation'], may: ['training'] },
  { option: 'opt-betas', given: '0.5,0.6', both: ADAMW, changes: ['weights', 'momenta', 'evaluation'], may: ['training'] },
  { option: 'opt-eps', given: '0.1', both: ADAMW, changes: LEARNED },
  // Biases are 0 before the first step, which therefore does not decay them.
  { option: 'bias-weight-decay', given: '0.1', changes: ['weights', 'momenta', 'evaluation'] },
  { option: 'norm-weight-decay', given: '0', both: { arch: 'resnet20-cifar', lr: '0.05', 'weight-decay': '0.1' }, changes: LEARNED },
  { option: 'bias-lr-scale', given: '3', changes: LEARNED },
  { option: 'layer-lr-scale', given: 'conv*=0.5', changes: LEARNED },
  { option: 'depth-lr-scale', given: '0.1', changes: LEARNED },
  { option: 'clip-grad-norm', given: '0.1', changes: LEARNED },
  { option: 'grad-accum-steps', given: '2', changes: [...LEARNED, 'lr'], shows: equals('lr', [0.05]) },
  { option: 'recipe', given: 'quick', changes: [...LEARNED, 'lr'] },
  { option: 'dropout', given: '0.9', both: { arch: 'simple-cnn' }, changes: LEARNED },
  { option: 'ema-decay', given: '0.5', changes: ['momenta'] },
  { option: 'early-stop-patience', given: '1', both: { ...STILL, epochs: '3' }, changes: ['steps', 'lr', 'reports', 'training', 'evaluation'], may: LEARNED, shows: equals('steps', [2, 4]) },
  { option: 'max-minutes', given: '1e-6', changes: [...LEARNED, 'steps', 'lr'], shows: equals('steps', [1]) },
  // The first step has no momentum yet, so that the losses of both steps are the same.
  { option: 'momentum', given: '0.5', changes: ['weights', 'momenta', 'evaluation'] },
  { option: 'nesterov', given: true, changes: LEARNED },
  { option: 'weight-decay', given: '0.1', changes: LEARNED },
  { option: 'label-smoothing', given: '0.2', changes: LEARNED },
  { option: 'bce-loss', given: true, changes: LEARNED },
  { option: 'bce-target-thresh', given: '0.2', both: { 'bce-loss': true, 'mixup-alpha': '4' }, changes: LEARNED },
  { option: 'aux-weight', given: '0', both: HEADS, changes: [...LEARNED, 'card'] },
  { option: 'aux-weight', given: '0.6', both: HEADS, changes: LEARNED },
  { option: 'input-size', given: '16', changes: [...LEARNED, 'card', 'augmentation'] },
  { option: 'channels', given: '1', changes: [...LEARNED, 'card'] },
  { option: 'mean', given: '0.1,0.5,0.9', changes: [...LEARNED, 'card'],
    shows: ({ card }) => assert.deepEqual(card['mean'], [0.1, 0.5, 0.9]) },
  { option: 'std', given: '0.1,0.2,0.4', changes: [...LEARNED, 'card'],
    shows: ({ card }) => assert.deepEqual(card['std'], [0.1, 0.2, 0.4]) },
  { option: 'stats', given: 'dataset', changes: [...LEARNED, 'card', 'augmentation'] },
  { option: 'augment', given: 'resnet', changes: [...LEARNED, 'augmentation'] },
  { option: 'train-resize-size', given: '16,20', changes: [...LEARNED, 'augmentation'] },
  { option: 'train-crop-size', given: '10', both: { arch: 'resnet20-cifar' }, changes: [...LEARNED, 'augmentation'] },
  { option: 'train-crop-mode', given: 'centre', changes: [...LEARNED, 'augmentation'] },
  { option: 'scale', given: '0.2,0.4', both: AREA, changes: [...LEARNED, 'augmentation'] },
  { option: 'ratio', given: '2,3', both: AREA, changes: [...LEARNED, 'augmentation'] },
  { option: 'padding', given: '4', changes: [...LEARNED, 'augmentation'] },
  { option: 'hflip', given: '1', changes: [...LEARNED, 'augmentation'] },
  { option: 'color-pca', given: '0.5', changes: [...LEARNED, 'augmentation'] },
  { option: 'color-jitter', given: '0.4', changes: [...LEARNED, 'augmentation'] },
  { option: 'auto-augment', given: 'imagenet', changes: [...LEARNED, 'augmentation'] },
  { option: 'ra-magnitude', given: '20', both: RA, changes: [...LEARNED, 'augmentation'] },
  { option: 'ra-num-ops', given: '4', both: RA, changes: [...LEARNED, 'augmentation'] },
  { option: 'augmix-severity', given: '9', both: { 'auto-augment': 'augmix' }, changes: [...LEARNED, 'augmentation'] },
  { option: 'random-erase', given: '1', changes: [...LEARNED, 'augmentation'] },
  { option: 'mixup-alpha', given: '1', changes: LEARNED },
  { option: 'cutmix-alpha', given: '1', changes: LEARNED },
  { option: 'repeated-augmentation', given: '2', changes: LEARNED },
  { option: 'resize-size', given: '16', changes: ['evaluation', 'card'] },
  { option: 'max-steps', given: '1', changes: [...LEARNED, 'steps', 'lr'], shows: equals('steps', [1]) },
  // Without learning, of the first weights; then with the same ones, of order and crops, of
  // the validation images, and of dropout.
  { option: 'seed', given: '7', both: STILL, changes: LEARNED },
  { option: 'seed', given: '7', both: { ...STILL, weights: 'DIRECTORY/lenet5.safetensors' },
    changes: ['momenta', 'training'], may: ['weights'] },
  { option: 'seed', given: '7', both: { ...STILL, weights: 'DIRECTORY/lenet5.safetensors', data: 'DIRECTORY/flat', 'val-fraction': '0.5' },
    changes: ['data', 'momenta', 'training', 'evaluation'], may: ['weights'] },
  { option: 'seed', given: SAME_FIRST, both: DROPOUT, changes: ['momenta', 'training'], may: ['weights'] },
  { option: 'weights', given: 'DIRECTORY/lenet5.safetensors', changes: LEARNED },
  { option: 'freeze', given: '^conv', changes: LEARNED },
  { option: 'frozen-epochs', given: '1', both: { epochs: '2' }, changes: LEARNED },
  { option: 'weights-out', given: 'RUN/weights.safetensors', changes: ['files'], shows: has('weights.safetensors') },
  { option: 'max-pixels', given: '500', both: { 'max-bad-images': '1' }, changes: [...LEARNED, 'unreadable'], shows: equals('unreadable', [3, 0]) },
  { option: 'exif-rotate', given: true, changes: LEARNED },
  { option: 'workers', given: '3', changes: ['workers'], shows: equals('workers', 6) },
  { option: 'backend', given: 'js', changes: ['backend', 'weights', 'momenta'], may: LEARNED },
  { option: 'precision', given: 'bf16', changes: ['backend', 'weights', 'momenta'], may: LEARNED },
  { option: 'print-freq', given: '1', changes: ['reports'], shows: equals('reports', 2) },
  { option: 'output', given: 'RUN/elsewhere', changes: ['files'], shows: has('elsewhere/run/run.json') },
  { option: 'tensorboard', given: true, changes: ['files'], shows: ({ files }) => assert.ok(files.some((name) => /runs.run.tensorboard.events\.out\.tfevents\./.test(name))) },
  { option: 'experiment', given: 'name', changes: ['files'], shows: has('runs/name/run.json') },
];

describe('cnn train', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const inCommon = new Map<string, Promise<Observed>>();
  const cache = process.env['CNN_CACHE'];
  let runs = 0;

  before(async () => {
    process.env['CNN_CACHE'] = at('cache');
    await writeOddDataset(at('data'), 0);
    await writeOddDataset(at('other'), 100);
    await cp(at('data/train'), at('flat'), { recursive: true });
    await writeOddLabels(at('labels.csv'));
    await runDataStats({ data: at('data') });
    for (const arch of ['lenet5', 'simple-cnn']) {
      await training({ arch, seed: '5', 'weights-out': `DIRECTORY/${arch}.safetensors` });
    }
  });
  after(() => {
    if (cache === undefined) delete process.env['CNN_CACHE'];
    else process.env['CNN_CACHE'] = cache;
  });

  /** A training of BASE with more settings, in a folder of its own. */
  async function training(more: Given, onNote?: (line: string) => void): Promise<Observed> {
    const run = at(`${runs++}`);
    await mkdir(run);
    return observe(run, settings(run, more), onNote);
  }

  function settings(run: string, more: Given): Given {
    const values = Object.entries({ ...BASE, ...more }).map(([name, value]) => {
      if (typeof value !== 'string') return [name, value];
      return [name, value.replace('DIRECTORY', directory.path).replace('RUN', run)];
    });
    return Object.fromEntries(values);
  }

  /**
   * The record of a training in a process of its own, with two emulated GPUs: a process opens a
   * device once.
   */
  async function trainElsewhere(name: string, more: Given): Promise<RunRecord> {
    const given = settings(at(name), more);
    const flags = Object.entries(given).flatMap(([option, value]) =>
      value === false ? [`--no-${option}`] : [`--${option}`, `${value}`],
    );
    const gpus = { CNN_CUDA_EMULATED: '1', CNN_EMULATED_GPU: 'devices=2' };
    Object.assign(process.env, gpus);
    try {
      const { code, stderr } = await cnn(['train', ...flags]);
      assert.equal(code, 0, stderr);
    } finally {
      for (const variable of Object.keys(gpus)) delete process.env[variable];
    }
    return JSON.parse(await readFile(at(`${name}/runs/run/run.json`), 'utf8'));
  }

  /** The training that several rows compare theirs with. */
  /** On one process. */
  async function changesNothing(more: Given): Promise<void> {
    const { weights } = await training(more);
    assert.deepEqual(weights, (await withoutOption({})).weights);
  }

  function withoutOption(both: Given): Promise<Observed> {
    const key = JSON.stringify(both);
    const found = inCommon.get(key) ?? training(both);
    inCommon.set(key, found);
    return found;
  }

  /** They are written, and change nothing of the training. */
  async function checkpointsWithin(more: Given): Promise<void> {
    const notes: string[] = [];
    const found = await training(more, (line) => notes.push(line));
    const written = notes.filter((line) => /^checkpoint of step 1 within the epoch/.test(line));
    assert.equal(written.length, 1, notes.join('\n'));
    assert.deepEqual(found, await withoutOption({}));
  }

  for (const { option, given, both = {}, changes, may = [], shows } of ROWS) {
    const beside = Object.entries(both).map(([name, value]) => ` --${name} ${value}`);
    it(`--${option} ${given}${beside.join('')} changes ${changes.join(', ')}`, async () => {
      const without = await withoutOption(both);
      const found = await training({ ...both, [option]: given });
      const aspects = Object.keys(found) as Aspect[];
      const differ = aspects.filter((aspect) => !isDeepStrictEqual(found[aspect], without[aspect]));
      const certain = differ.filter((aspect) => changes.includes(aspect) || !may.includes(aspect));
      assert.deepEqual(certain.sort(), [...changes].sort());
      shows?.(found);
    });
  }

  /** Options that two trainings beside each other do not show. */
  const others: Partial<Record<Option, () => Promise<void>>> = {
    'on-bad-image': async () => {
      await cp(at('data'), at('damaged'), { recursive: true });
      await truncate(at('damaged/train/class1/0.png'), 60);
      const data = { data: 'DIRECTORY/damaged', 'max-bad-images': '0.1' };
      const { unreadable } = await training({ ...data, 'on-bad-image': 'skip' });
      assert.deepEqual(unreadable, [1, 0]);
      const failing = training({ ...data, 'on-bad-image': 'fail' });
      await assert.rejects(failing, (error: Error) => {
        return error instanceof DataError && /class1.0\.png/.test(error.message);
      });
    },

    'max-bad-images': async () => {
      const data = at('one-damaged');
      await cp(at('data'), data, { recursive: true });
      await truncate(join(data, 'train/class1/0.png'), 60);
      const { unreadable } = await training({ data, 'max-bad-images': String(1 / 12) });
      assert.deepEqual(unreadable, [1, 0]);
      for (const more of [{}, { 'max-bad-images': '0.08' }]) {
        await assert.rejects(training({ data, ...more }), /Cannot read 1 of the 12 images/);
      }
    },

    // The run is saved, and resumed when the data is back.
    'data-patience': async () => {
      const data = at('away');
      await cp(at('data'), data, { recursive: true });
      const run = at('waiting');
      await mkdir(run);
      const given = settings(run, { data, epochs: '2', 'data-patience': '0.5' });
      const notes: string[] = [];
      const leaving = observe(run, given, (line) => {
        notes.push(line);
        if (line.startsWith('epoch 1/2:')) renameSync(data, `${data}-elsewhere`);
      });
      await assert.rejects(leaving, (error: Error) => {
        return (
          error instanceof DataError &&
          /ENOENT.* 0\.5 s of trying again did not help.* Step 2 is saved; resume/.test(
            error.message,
          )
        );
      });
      renameSync(`${data}-elsewhere`, data);
      const resumed = await observe(run, { resume: join(run, 'runs/run') });
      const { weights, momenta } = await withoutOption({ epochs: '2' });
      assert.deepEqual([resumed.weights, resumed.momenta], [weights, momenta]);
    },

    // What is in memory is still there when the files are not.
    cache: async () => {
      for (const [cache, lost] of [
        ['none', 3],
        ['memory', 0],
        ['auto', 0],
      ] as const) {
        const data = at(`cache-${cache}`);
        await cp(at('data'), data, { recursive: true });
        const lenient = { 'data-patience': '0', 'max-bad-images': '1' };
        const { unreadable } = await training({ data, cache, epochs: '2', ...lenient }, (line) => {
          if (line.startsWith('epoch 1/2:')) {
            for (const label of [0, 1, 2]) rmSync(join(data, `train/class${label}/1.png`));
          }
        });
        assert.deepEqual(unreadable, [lost, 0], cache);
      }
    },

    threads: async () => {
      for (const threads of ['1', '3']) {
        const { backend } = await trainElsewhere(`threads-${threads}`, { threads });
        assert.equal(backend.threads, Number(threads));
      }
    },

    // Of several processes alone: test/distributed/ has them.
    'sync-bn': () => changesNothing({ 'sync-bn': true }),
    'dist-bn': () => changesNothing({ 'dist-bn': 'broadcast' }),
    'dist-bf16': () => changesNothing({ 'dist-bf16': true }),
    'model-parallel': async () => {
      const options = { arch: 'lenet5', 'model-parallel': '2' };
      await assert.rejects(
        trainElsewhere('model-parallel', options),
        /divides alexnet.*received --arch lenet5/,
      );
    },
    'dist-timeout': () => changesNothing({ 'dist-timeout': '5' }),

    device: async () => {
      const { backend } = await trainElsewhere('device', { backend: 'cuda', device: '1' });
      assert.match(backend.why, /GPU 1: Emulated GPU/);
    },

    decode: async () => {
      const { settings } = await trainElsewhere('decode', { backend: 'cuda', decode: 'gpu' });
      assert.equal(settings.decode?.value, 'gpu');
      await assert.rejects(training({ decode: 'gpu' }), UsageError);
    },

    deterministic: async () => {
      const given = { backend: 'cuda', deterministic: false };
      const { backend } = await trainElsewhere('deterministic', given);
      assert.match(backend.why, /not deterministic/);
    },

    autotune: async () => {
      // test/train/tuned-run.test.ts has measurements to choose by.
      const { choices } = await trainElsewhere('autotune', {});
      const fixed = await trainElsewhere('no-autotune', { autotune: false });
      assert.deepEqual([typeof choices, fixed.choices], ['object', undefined]);
    },

    'checkpoint-steps': () => checkpointsWithin({ 'checkpoint-steps': '1' }),
    'checkpoint-minutes': () => checkpointsWithin({ 'checkpoint-minutes': '1e-9' }),

    rollback: async () => {
      const diverging = { lr: '1e8', 'lr-scheduler': 'constant', 'rollback-factor': '1e-10' };
      await assert.rejects(training({ lr: '1e8' }), DivergedError);
      const { lr } = await training({ ...diverging, rollback: '1' });
      assert.deepEqual(lr, [0.01]);
    },
    'rollback-factor': async () => {
      const diverging = { lr: '1e8', 'lr-scheduler': 'constant', rollback: '1' };
      const { lr } = await training({ ...diverging, 'rollback-factor': '2e-10' });
      assert.deepEqual(lr, [0.02]);
      await assert.rejects(training({ 'rollback-factor': '0.5' }), UsageError);
    },

    mlflow: async () => {
      const server = await startStandIn();
      try {
        await training({ mlflow: server.uri });
        assert.deepEqual(new Set(server.requests).size, 5, `${server.requests}`);
        assert.equal(server.requests.at(-1), 'runs/update');
      } finally {
        await server.close();
      }
      await assert.rejects(training({ mlflow: 'mlruns' }), UsageError);
    },

    'verify-resume': async () => {
      // Its own test has it done.
      await assert.rejects(training({ 'verify-resume': true }), UsageError);
    },

    smoke: async () => {
      // So has this one.
      await assert.rejects(training({ smoke: true }), UsageError);
    },

    'dry-run': async () => {
      const run = at('dry');
      await mkdir(run);
      const flags = Object.entries(settings(run, {})).flatMap(([name, value]) => [
        `--${name}`,
        `${value}`,
      ]);
      const { code, stdout, stderr } = await cnn(['train', ...flags, '--dry-run', '--json']);
      assert.equal(code, 0, stderr);
      const facts = JSON.parse(stdout);
      assert.deepEqual(
        [facts.arch, facts.training_images, facts.validation_images, facts.classes, facts.steps],
        ['lenet5', 12, 6, 3, 2],
      );
      // On 12×12×3 images: 456 + 2,416 of the convolutions, 12,459 of the dense layers.
      assert.equal(facts.parameters, 15_331);
      for (const seconds of ['first_epoch_seconds', 'epoch_seconds', 'seconds']) {
        assert.ok(facts[seconds] > 0, seconds);
      }
      assert.deepEqual(await readdir(run), []);
      await assert.rejects(training({ 'dry-run': true }), UsageError);
    },

    resume: async () => {
      for (const [name, more] of Object.entries({ plain: {}, augmented: AUGMENTED })) {
        const run = at(`resumed-${name}`);
        await mkdir(run);
        await observe(run, settings(run, { ...more, 'max-steps': '1' }));
        const resumed = await observe(run, { resume: join(run, 'runs/run'), 'max-steps': '2' });
        const { weights, momenta, steps, files } = await withoutOption(more);
        assert.deepEqual(resumed.steps, steps);
        assert.deepEqual([resumed.weights, resumed.momenta], [weights, momenta]);
        assert.deepEqual(resumed.files, files);
      }
    },
  };
  for (const [option, test] of Object.entries(others)) it(`--${option} does what it is for`, test);

  it('has no option without a test', () => {
    const tested = new Set<string>([...ROWS.map(({ option }) => option), ...Object.keys(others)]);
    assert.deepEqual([...tested].sort(), [...COMMAND_OPTIONS.train].sort());
  });
});
