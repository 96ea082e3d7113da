/** Every option of the other commands changes what it is for; `cnn train` has train-options.test.ts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { runBenchData } from '../../src/commands/bench/data.js';
import { runBenchEval } from '../../src/commands/bench/eval.js';
import { runBenchTrain } from '../../src/commands/bench/train.js';
import type { Result } from '../../src/commands/command.js';
import { runCompare } from '../../src/commands/compare.js';
import { runDataCheck } from '../../src/commands/data/check.js';
import { runDataPack } from '../../src/commands/data/pack.js';
import { runDataPreview } from '../../src/commands/data/preview.js';
import { runDataStats } from '../../src/commands/data/stats.js';
import { runDataSuspects } from '../../src/commands/data/suspects.js';
import { runDataVerify } from '../../src/commands/data/verify.js';
import { runDemo } from '../../src/commands/demo.js';
import { runEval } from '../../src/commands/eval.js';
import { runExport } from '../../src/commands/export.js';
import { runImport } from '../../src/commands/import.js';
import { runPredict } from '../../src/commands/predict.js';
import { runReport } from '../../src/commands/report.js';
import { runTrain } from '../../src/commands/train.js';
import { type Reporter, SILENT } from '../../src/session/reporter.js';
import { COMMAND_OPTIONS, type CommandName } from '../../src/settings/commands.js';
import type { Given } from '../../src/settings/given.js';
import { writeOddDataset, writeOddLabels } from './data/odd-dataset.js';
import { temporaryDirectory } from './program.js';

type Run = (given: Given, reporter: Reporter) => Promise<Result>;
type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** A command with an option and without it. */
interface Row {
  readonly option: string;
  readonly given: string | boolean;
  /** Settings of both that are not the command's own, or that both do without. */
  readonly both?: Values;
  /** All fields that differ, of the JSON and of what `observe` adds to it. */
  readonly changes?: readonly string[];
  /** What may differ besides. */
  readonly may?: readonly string[];
  /** The error that it ends with. */
  readonly fails?: RegExp;
}

interface Tested {
  readonly run: Run;
  readonly given: Values;
  readonly rows: readonly Row[];
}

const NETWORK = { arch: 'resnet20-cifar', 'input-size': '12', channels: '3' };
const ON_CPU = { backend: 'cpu', precision: 'f32', workers: '1' };
const MODEL = { checkpoint: 'DIRECTORY/runs/run' };
const FILE = {
  checkpoint: undefined,
  arch: 'resnet20-cifar',
  weights: 'DIRECTORY/run.safetensors',
  channels: '3',
  'crop-size': '12',
};
const SCORES = ['loss', 'top1', 'top1_interval', 'results'];
const FIVE = ['top5', 'top5_interval'];
/** Several views are counted on the host, in threads of their own. */
const VIEWS = [...SCORES, ...FIVE, 'workers'];
const DRAWN = { data: 'DIRECTORY/flat', 'val-fraction': '0.5' };
const DRAWN_QUARTER = { data: 'DIRECTORY/flat', 'val-fraction': '0.25' };
const DATA = { data: 'DIRECTORY/data' };
const PROFILE = { profile: true } as const;
const PAIRS = { duplicates: true, out: 'RUN/a.csv' };
const AREA = { 'train-crop-mode': 'area' };
const RA = { 'auto-augment': 'ra', 'ra-magnitude': '3' };

// biome-ignore format: one option a row
const COMMANDS: Partial<Record<CommandName, Tested>> = {
  eval: {
    run: runEval, given: { ...MODEL, ...ON_CPU, cache: 'none' }, rows: [
      { option: 'checkpoint', given: 'DIRECTORY/runs/other', changes: ['checkpoint', 'run', 'loss'], may: SCORES },
      { option: 'ema', given: true, fails: /trained with --ema-decay/ },
      { option: 'arch', given: 'alexnet', fails: /is one of resnet20-cifar/ },
      { option: 'arch-options', given: 'shortcut=B', fails: /a checkpoint has its own options/ },
      { option: 'weights', given: 'DIRECTORY/other.safetensors', both: { ...FILE, data: 'DIRECTORY/data' }, changes: ['weights', 'loss'], may: SCORES },
      { option: 'data', given: 'DIRECTORY/other', changes: ['data', 'loss'], may: SCORES },
      { option: 'labels', given: 'DIRECTORY/labels.csv', changes: ['loss'], may: SCORES },
      { option: 'val-fraction', given: '0.25', both: DRAWN, changes: ['images', 'loss'], may: [...SCORES, ...FIVE] },
      { option: 'classes', given: 'class0,class2', fails: /was trained on 3 classes but .* has 2/ },
      { option: 'seed', given: '7', both: DRAWN, changes: ['loss'], may: SCORES },
      { option: 'resize-size', given: '16', changes: ['protocol', 'loss'], may: SCORES },
      { option: 'crop-size', given: '16', changes: ['protocol', 'loss'], may: SCORES },
      { option: 'crops', given: '10', changes: ['protocol', 'loss', 'batches'], may: VIEWS },
      { option: 'scales', given: '12,20', both: { crops: 'dense' }, changes: ['protocol', 'loss'], may: VIEWS },
      { option: 'scales', given: '12,20', fails: /--scales does nothing to --crops 1,/ },
      { option: 'mirror', given: true, changes: ['protocol', 'loss', 'batches'], may: VIEWS },
      { option: 'mirror', given: true, both: { crops: '10' }, fails: /--mirror does nothing to --crops 10/ },
      { option: 'ensemble', given: 'DIRECTORY/runs/other', changes: ['ensemble', 'protocol', 'loss', 'batches'], may: VIEWS },
      { option: 'ensemble', given: 'DIRECTORY/runs/run', fails: /checkpoints.last comes twice/ },
      { option: 'real-labels', given: 'DIRECTORY/real.json', changes: ['results', 'batches'], may: VIEWS },
      { option: 'predictions', given: 'RUN/predictions.csv', changes: ['files', 'batches'], may: VIEWS },
      { option: 'per-class', given: 'RUN/classes.csv', changes: ['files', 'batches'], may: VIEWS },
      { option: 'confusion', given: 'RUN/confusion.csv', changes: ['files', 'batches'], may: VIEWS },
      { option: 'channels', given: '1', fails: /Expected --channels to be 3/ },
      { option: 'mean', given: '0.1,0.5,0.9', changes: ['loss'], may: SCORES },
      { option: 'std', given: '0.1,0.2,0.4', changes: ['loss'], may: SCORES },
      { option: 'batch-size', given: '4', changes: ['batches'], may: SCORES },
      { option: 'max-pixels', given: '500', both: { ...DRAWN, 'max-bad-images': '1' }, changes: ['unreadable'], may: [...SCORES, ...FIVE] },
      { option: 'exif-rotate', given: true, changes: ['loss'], may: SCORES },
      { option: 'on-bad-image', given: 'fail', both: { data: 'DIRECTORY/damaged', 'max-bad-images': '1' }, fails: /class1.0\.png/ },
      { option: 'max-bad-images', given: '0.01', both: { data: 'DIRECTORY/damaged', 'max-bad-images': '1' }, fails: /Cannot read 1 of the \d+ images/ },
      { option: 'workers', given: '3', changes: ['workers'] },
      // Images that are kept are not those that the addon decodes into a batch.
      { option: 'cache', given: 'memory', both: { data: 'DIRECTORY/jpegs' }, changes: ['workers'] },
      { option: 'backend', given: 'js', changes: ['computes'], may: SCORES },
      { option: 'precision', given: 'bf16', changes: ['computes'], may: SCORES },
    ],
  },
  compare: {
    run: runCompare, given: { ...ON_CPU, runs: ['DIRECTORY/runs/run', 'DIRECTORY/runs/other'] }, rows: [
      { option: 'allow-differences', given: true, changes: [] },
      { option: 'ema', given: true, fails: /no averaged weights/ },
      { option: 'data', given: 'DIRECTORY/flat', fails: /val/ },
      { option: 'classes', given: 'class0,class2', fails: /was trained on 3 classes but .* has 2/ },
      { option: 'resize-size', given: '16', changes: ['comparisons'] },
      { option: 'crop-size', given: '16', changes: ['comparisons'] },
      { option: 'channels', given: '1', fails: /Expected --channels to be 3/ },
      { option: 'crops', given: '10', changes: ['comparisons'] },
      { option: 'scales', given: '12,20', both: { crops: 'dense' }, changes: ['comparisons'] },
      { option: 'mirror', given: true, changes: ['comparisons'] },
      { option: 'max-pixels', given: '200', fails: /--max-pixels allows/ },
      { option: 'workers', given: '3', changes: ['workers'] },
      { option: 'backend', given: 'js', changes: ['computes'], may: ['comparisons'] },
      { option: 'precision', given: 'bf16', changes: ['computes'], may: ['comparisons'] },
    ],
  },
  report: {
    run: runReport, given: { ...ON_CPU, runs: ['DIRECTORY/runs/run'], output: 'RUN/report.html' }, rows: [
      { option: 'checkpoint', given: 'last', changes: ['files'], may: ['bytes'] },
      { option: 'ema', given: true, fails: /trained with --ema-decay/ },
      { option: 'evaluate', given: false, changes: ['bytes', 'files', 'missing', 'batches', 'computes', 'workers'] },
      { option: 'data', given: 'DIRECTORY/other', changes: ['files'], may: ['bytes'] },
      { option: 'image', given: 'DIRECTORY/other/val/class1/0.png', changes: ['files'], may: ['bytes'] },
      { option: 'mixed', given: true, both: { runs: ['DIRECTORY/runs/run', 'DIRECTORY/runs/other'] }, changes: [] },
      { option: 'complexity', given: true, fails: /--\w+ does nothing to --complexity/ },
      { option: 'output', given: 'RUN/page.html', changes: ['output', 'files'] },
      { option: 'png', given: 'RUN/png', changes: ['charts', 'files'] },
      { option: 'svg', given: 'RUN/svg', changes: ['charts', 'files'] },
      { option: 'workers', given: '3', changes: ['workers'] },
      { option: 'backend', given: 'js', changes: ['computes'], may: ['files', 'bytes'] },
      { option: 'precision', given: 'bf16', changes: ['computes'], may: ['files', 'bytes'] },
    ],
  },
  predict: {
    run: runPredict, given: { ...MODEL, ...ON_CPU, images: ['DIRECTORY/data/val'], logits: true }, rows: [
      { option: 'checkpoint', given: 'DIRECTORY/runs/other', changes: ['predictions'] },
      { option: 'ema', given: true, fails: /trained with --ema-decay/ },
      { option: 'arch', given: 'alexnet', fails: /is one of resnet20-cifar/ },
      { option: 'arch-options', given: 'shortcut=B', fails: /a checkpoint has its own options/ },
      { option: 'weights', given: 'DIRECTORY/other.safetensors', both: FILE, changes: ['predictions'] },
      { option: 'top', given: '2', changes: ['predictions'] },
      { option: 'logits', given: true, both: { logits: undefined }, changes: ['predictions'] },
      { option: 'resize-size', given: '16', changes: ['predictions'] },
      { option: 'crop-size', given: '16', changes: ['predictions'] },
      { option: 'channels', given: '1', fails: /Expected --channels to be 3/ },
      { option: 'mean', given: '0.1,0.5,0.9', changes: ['predictions'] },
      { option: 'std', given: '0.1,0.2,0.4', changes: ['predictions'] },
      { option: 'max-pixels', given: '200', fails: /--max-pixels/ },
      { option: 'exif-rotate', given: true, changes: ['predictions'] },
      { option: 'workers', given: '3', changes: ['workers'] },
      { option: 'decode', given: 'gpu', fails: /--decode gpu needs --backend cuda, but --backend cpu/ },
      { option: 'backend', given: 'js', changes: ['computes'], may: ['predictions'] },
      { option: 'precision', given: 'bf16', changes: ['computes'], may: ['predictions'] },
    ],
  },
  export: {
    run: runExport, given: { ...FILE, checkpoint: undefined, 'crop-size': undefined, output: 'RUN/model' }, rows: [
      { option: 'checkpoint', given: 'DIRECTORY/runs/other', both: { ...MODEL, arch: undefined, weights: undefined }, changes: ['files'] },
      { option: 'ema', given: true, fails: /--checkpoint with --ema/ },
      { option: 'arch', given: 'lenet5', fails: /do not fit lenet5/ },
      { option: 'arch-options', given: 'width=0.5', fails: /do not fit resnet20-cifar \(width=0\.5\)/ },
      { option: 'weights', given: 'DIRECTORY/other.safetensors', changes: ['files'] },
      { option: 'format', given: 'tfjs', changes: ['format', 'files'] },
      { option: 'output', given: 'RUN/named', changes: ['output', 'files'] },
      { option: 'with-softmax', given: true, both: { format: 'tfjs' }, changes: ['files'] },
      { option: 'uint8-input', given: true, both: { format: 'tfjs' }, changes: ['files'] },
      { option: 'float16', given: true, both: { format: 'tfjs' }, changes: ['files'] },
      { option: 'float16', given: true, both: { format: 'onnx' }, fails: /--float16 does nothing to --format onnx: leave/ },
      { option: 'input-size', given: '16', both: { format: 'tfjs' }, changes: ['files'] },
      { option: 'resize-size', given: '40', both: { format: 'tfjs' }, changes: ['files'] },
      { option: 'mean', given: '0.1,0.5,0.9', both: { format: 'tfjs' }, changes: ['files'] },
      { option: 'std', given: '0.1,0.2,0.4', both: { format: 'tfjs' }, changes: ['files'] },
      { option: 'channels', given: '1', fails: /conv1/ },
    ],
  },
  demo: {
    run: runDemo, given: { ...FILE, out: 'RUN/page' }, rows: [
      { option: 'checkpoint', given: 'DIRECTORY/runs/other', both: { ...MODEL, arch: undefined, weights: undefined, 'crop-size': undefined }, changes: ['files'], may: ['bytes'] },
      { option: 'ema', given: true, fails: /--checkpoint with --ema/ },
      { option: 'arch', given: 'lenet5', fails: /do not fit lenet5/ },
      { option: 'arch-options', given: 'width=0.5', fails: /do not fit resnet20-cifar \(width=0\.5\)/ },
      { option: 'weights', given: 'DIRECTORY/other.safetensors', changes: ['files'], may: ['bytes'] },
      { option: 'resize-size', given: '40', changes: ['files'], may: ['bytes'] },
      { option: 'crop-size', given: '16', changes: ['files'], may: ['bytes'] },
      { option: 'channels', given: '1', fails: /conv1/ },
      { option: 'mean', given: '0.1,0.5,0.9', changes: ['files'], may: ['bytes'] },
      { option: 'std', given: '0.1,0.2,0.4', changes: ['files'], may: ['bytes'] },
      { option: 'exif-rotate', given: true, changes: ['files'], may: ['bytes'] },
      { option: 'float16', given: true, changes: ['files', 'bytes'] },
      { option: 'out', given: 'RUN/named', changes: ['out', 'page', 'files'] },
      { option: 'port', given: '9', fails: /--port does nothing without --serve/ },
    ],
  },
  import: {
    run: runImport, given: { arch: 'resnet20-cifar', file: 'DIRECTORY/run.safetensors', output: 'RUN/model' }, rows: [
      { option: 'arch', given: 'lenet5', fails: /do not fit lenet5/ },
      { option: 'arch-options', given: 'width=0.5', fails: /do not fit resnet20-cifar \(width=0\.5\)/ },
      { option: 'output', given: 'RUN/named', changes: ['output', 'files'] },
      // The weights do not depend on it.
      { option: 'input-size', given: '16', changes: [] },
      { option: 'channels', given: '1', fails: /conv1/ },
      { option: 'mean', given: '0.1,0.5,0.9', changes: ['files'] },
      { option: 'std', given: '0.1,0.2,0.4', changes: ['files'] },
    ],
  },
  'data-check': {
    run: runDataCheck, given: { data: 'DIRECTORY/data' }, rows: [
      { option: 'data', given: 'DIRECTORY/other', changes: ['data', 'root', 'fingerprint', 'train', 'val'] },
      { option: 'labels', given: 'DIRECTORY/labels.csv', changes: ['layout', 'fingerprint', 'train', 'val'], may: ['warnings'] },
      { option: 'duplicates', given: true, both: { out: 'RUN/a.csv' }, changes: ['duplicates', 'files', 'workers'] },
      { option: 'out', given: 'RUN/b.csv', both: PAIRS, changes: ['duplicates', 'files'] },
      { option: 'workers', given: '3', both: { ...PAIRS, workers: '1' }, changes: ['workers'] },
    ],
  },
  'data-suspects': {
    run: runDataSuspects, given: { ...MODEL, ...ON_CPU, out: 'RUN/suspects.csv' }, rows: [
      { option: 'checkpoint', given: 'DIRECTORY/runs/other', changes: ['files'], may: ['suspects', 'sheet'] },
      { option: 'ema', given: true, fails: /trained with --ema-decay/ },
      { option: 'data', given: 'DIRECTORY/other', changes: ['data', 'files'], may: ['suspects', 'sheet'] },
      { option: 'labels', given: 'DIRECTORY/labels.csv', changes: ['images', 'files'], may: ['suspects', 'sheet'] },
      { option: 'classes', given: 'class0,class2', fails: /trained on 3 classes but .* has 2/ },
      { option: 'out', given: 'RUN/named.csv', changes: ['file', 'files'], may: ['sheet'] },
      { option: 'max-pixels', given: '500', fails: /Cannot read/ },
      { option: 'on-bad-image', given: 'fail', both: { data: 'DIRECTORY/damaged', 'max-bad-images': '1' }, fails: /class1.0\.png/ },
      { option: 'max-bad-images', given: '1', both: { data: 'DIRECTORY/damaged', 'max-bad-images': '0.5' } },
      { option: 'workers', given: '3', changes: ['workers'] },
    ],
  },
  'data-stats': {
    run: runDataStats, given: { data: 'DIRECTORY/data', workers: '1' }, rows: [
      { option: 'data', given: 'DIRECTORY/other', changes: ['data', 'mean', 'std', 'principal', 'file'] },
      { option: 'labels', given: 'DIRECTORY/labels.csv', changes: ['images', 'mean', 'std', 'principal', 'file'] },
      { option: 'val-fraction', given: '0.25', both: DRAWN, changes: ['images', 'mean', 'std', 'principal', 'file'] },
      { option: 'subset', given: '2/class', changes: ['images', 'mean', 'std', 'principal', 'file'] },
      { option: 'classes', given: 'class0,class2', changes: ['images', 'mean', 'std', 'principal', 'file'] },
      { option: 'seed', given: '7', both: { subset: '2/class' }, changes: ['mean', 'std', 'principal', 'file'] },
      { option: 'max-pixels', given: '500', changes: ['images', 'mean', 'std', 'principal', 'unreadable'] },
      // The pixels of an image are the same after a turn.
      { option: 'exif-rotate', given: true, changes: [], may: ['mean', 'std', 'principal'] },
      { option: 'workers', given: '3', changes: ['workers'] },
    ],
  },
  'data-verify': {
    run: runDataVerify, given: { data: 'DIRECTORY/data', out: 'RUN/bad.csv', workers: '1' }, rows: [
      { option: 'data', given: 'DIRECTORY/damaged', fails: /1 of 18 images/ },
      { option: 'labels', given: 'DIRECTORY/labels.csv', changes: ['images'] },
      { option: 'out', given: 'RUN/other.csv', changes: ['file', 'files'] },
      { option: 'max-pixels', given: '500', fails: /3 of 18 images/ },
      { option: 'workers', given: '3', changes: ['workers'] },
    ],
  },
  'data-pack': {
    run: runDataPack, given: { data: 'DIRECTORY/data', out: 'RUN/packed', workers: '1' }, rows: [
      { option: 'data', given: 'DIRECTORY/other', changes: ['data', 'files'], may: ['bytes'] },
      { option: 'labels', given: 'DIRECTORY/labels.csv', changes: ['files', 'images'], may: ['bytes'] },
      { option: 'out', given: 'RUN/elsewhere', changes: ['out', 'files'] },
      { option: 'size', given: '12', changes: ['files'], may: ['bytes'] },
      { option: 'quality', given: '50', changes: ['files'], may: ['bytes'] },
      { option: 'max-pixels', given: '500', changes: ['files', 'images', 'unreadable'], may: ['bytes'] },
      { option: 'exif-rotate', given: true, changes: ['files'], may: ['bytes'] },
      { option: 'on-bad-image', given: 'fail', both: { data: 'DIRECTORY/damaged' }, fails: /class1.0\.png/ },
      { option: 'workers', given: '3', changes: ['workers'] },
    ],
  },
  'data-preview': {
    run: runDataPreview, rows: [
      { option: 'arch', given: 'alexnet', changes: ['files'] },
      { option: 'data', given: 'DIRECTORY/other', changes: ['images', 'files'] },
      { option: 'labels', given: 'DIRECTORY/labels.csv', changes: ['images', 'files'], may: ['columns'] },
      { option: 'val-fraction', given: '0.25', both: DRAWN, changes: ['images', 'files'], may: ['columns'] },
      { option: 'subset', given: '2/class', changes: ['images', 'files'], may: ['columns'] },
      { option: 'classes', given: 'class0,class2', changes: ['images', 'files'], may: ['columns'] },
      { option: 'out', given: 'RUN/sheet.jpg', changes: ['out', 'files'] },
      { option: 'images', given: '5', changes: ['images', 'files'], may: ['columns'] },
      { option: 'input-size', given: '16', changes: ['files'] },
      { option: 'channels', given: '1', changes: ['files'] },
      { option: 'augment', given: 'inception', changes: ['files'] },
      { option: 'train-resize-size', given: '16,20', changes: ['files'] },
      { option: 'train-crop-size', given: '10', changes: ['files'] },
      { option: 'train-crop-mode', given: 'centre', changes: ['files'] },
      { option: 'scale', given: '0.2,0.4', both: AREA, changes: ['files'] },
      { option: 'ratio', given: '2,3', both: AREA, changes: ['files'] },
      { option: 'padding', given: '4', changes: ['files'] },
      { option: 'hflip', given: '1', changes: ['files'] },
      { option: 'color-pca', given: '0.5', changes: ['files'] },
      { option: 'color-jitter', given: '0.4', changes: ['files'] },
      { option: 'auto-augment', given: 'ta_wide', changes: ['files'] },
      { option: 'ra-magnitude', given: '25', both: { 'auto-augment': 'ra' }, changes: ['files'] },
      { option: 'ra-num-ops', given: '5', both: { 'auto-augment': 'ra' }, changes: ['files'] },
      { option: 'augmix-severity', given: '9', both: { 'auto-augment': 'augmix' }, changes: ['files'] },
      { option: 'random-erase', given: '1', changes: ['files'] },
      { option: 'mixup-alpha', given: '1', changes: ['images', 'files'] },
      { option: 'cutmix-alpha', given: '1', changes: ['images', 'files'] },
      { option: 'repeated-augmentation', given: '2', changes: ['images', 'files'] },
      { option: 'batch-size', given: '4', both: { 'mixup-alpha': '1' }, changes: ['images', 'files'], may: ['columns'] },
      { option: 'stats', given: 'dataset', both: { 'color-pca': '0.5' }, changes: ['files'] },
      { option: 'seed', given: '7', changes: ['images', 'files'] },
      { option: 'max-pixels', given: '500', changes: ['files'] },
      { option: 'exif-rotate', given: true, changes: ['files'] },
      { option: 'workers', given: '3', changes: ['workers'] },
    ],
    given: { ...NETWORK, data: 'DIRECTORY/data', out: 'RUN/sheet.png', workers: '1' },
  },
  bench: {
    run: runBenchTrain, given: { arch: 'lenet5', channels: '3', 'input-size': '12', steps: '1', warmup: '0', 'batch-size': '6', ...ON_CPU, autotune: false }, rows: [
      // Of several processes.
      { option: 'sync-bn', given: true },
      { option: 'dist-bf16', given: true },
      { option: 'dist-timeout', given: '5' },
      { option: 'arch', given: 'simple-cnn', changes: ['arch'] },
      { option: 'arch-options', given: 'pool=max', changes: ['arch_options'] },
      { option: 'data', given: 'DIRECTORY/data', changes: ['workers'] },
      { option: 'labels', given: 'DIRECTORY/none.csv', both: DATA, fails: /none\.csv/ },
      { option: 'val-fraction', given: '0.75', both: DRAWN_QUARTER, fails: /larger than the \d images/ },
      { option: 'subset', given: '1/class', both: DATA, fails: /larger than the \d images/ },
      { option: 'classes', given: 'class0', both: DATA, fails: /name at least two classes/ },
      { option: 'steps', given: '2', changes: ['steps'] },
      { option: 'batch-size', given: '16', changes: ['batch_size'] },
      { option: 'aux-weight', given: '0', both: { ...PROFILE, arch: 'googlenet', 'input-size': '32' }, changes: ['profile'] },
      { option: 'input-size', given: '24', both: PROFILE, changes: ['input_size', 'profile'] },
      { option: 'train-crop-size', given: '24', both: PROFILE, changes: ['input_size', 'profile'] },
      { option: 'channels', given: '1', both: PROFILE, changes: ['profile'] },
      { option: 'num-classes', given: '1000', both: PROFILE, changes: ['profile'] },
      { option: 'augment', given: 'inception', both: { ...DATA, padding: '2' }, fails: /--padding does nothing/ },
      { option: 'train-crop-mode', given: 'area', both: { ...DATA, padding: '2' }, fails: /--padding does nothing/ },
      { option: 'padding', given: '2', both: { ...DATA, ...AREA }, fails: /--padding does nothing/ },
      { option: 'train-resize-size', given: '16', both: { ...DATA, ...AREA }, fails: /--train-resize-size does nothing/ },
      { option: 'scale', given: '0.2,0.4', both: DATA, fails: /--scale does nothing/ },
      { option: 'ratio', given: '2,3', both: DATA, fails: /--ratio does nothing/ },
      { option: 'color-jitter', given: '0.4,0.4,0.4,0.6', both: DATA, fails: /at most 0\.5/ },
      { option: 'auto-augment', given: 'ta_wide', both: { ...DATA, ...RA }, fails: /--ra-magnitude is for RandAugment/ },
      { option: 'ra-magnitude', given: '3', both: DATA, fails: /--ra-magnitude is for RandAugment/ },
      { option: 'ra-num-ops', given: '3', both: DATA, fails: /--ra-num-ops is for RandAugment/ },
      { option: 'augmix-severity', given: '3', both: DATA, fails: /--augmix-severity is for AugMix/ },
      { option: 'workers', given: '3', both: DATA, changes: ['workers'] },
      { option: 'backend', given: 'js', changes: ['backend'], may: ['threads'] },
      { option: 'precision', given: 'bf16', changes: ['precision'] },
      { option: 'autotune', given: true, changes: ['kernels'] },
      { option: 'profile', given: true, changes: ['profile'] },
      { option: 'trace', given: 'RUN/trace.json', changes: ['profile', 'files'] },
    ],
  },
  'bench-eval': {
    run: runBenchEval, given: { arch: 'lenet5', channels: '3', 'input-size': '12', steps: '1', warmup: '0', 'batch-size': '6', ...ON_CPU }, rows: [
      { option: 'arch', given: 'simple-cnn', changes: ['arch'] },
      { option: 'arch-options', given: 'pool=max', changes: ['arch_options'] },
      { option: 'steps', given: '2', changes: ['steps'] },
      { option: 'batch-size', given: '16', changes: ['batch_size'] },
      { option: 'input-size', given: '24', both: PROFILE, changes: ['input_size', 'profile'] },
      { option: 'channels', given: '1', both: PROFILE, changes: ['profile'] },
      { option: 'num-classes', given: '1000', both: PROFILE, changes: ['profile'] },
      { option: 'backend', given: 'js', changes: ['backend'], may: ['threads'] },
      { option: 'precision', given: 'bf16', changes: ['precision'] },
      { option: 'profile', given: true, changes: ['profile'] },
      { option: 'trace', given: 'RUN/trace.json', changes: ['profile', 'files'] },
    ],
  },
  'bench-data': {
    run: runBenchData, given: { arch: 'lenet5', ...DATA, channels: '3', 'input-size': '12', steps: '1', warmup: '0', 'batch-size': '8', workers: '1' }, rows: [
      { option: 'arch', given: 'alexnet', both: { padding: '2' }, changes: [] },
      { option: 'data', given: 'DIRECTORY/flat', fails: /./ },
      { option: 'labels', given: 'DIRECTORY/none.csv', fails: /none\.csv/ },
      { option: 'val-fraction', given: '0.75', both: DRAWN_QUARTER, fails: /fewer than one batch/ },
      { option: 'subset', given: '1/class', fails: /fewer than one batch/ },
      { option: 'classes', given: 'class0', fails: /name at least two classes/ },
      { option: 'steps', given: '2', changes: ['steps'] },
      { option: 'floats', given: true, changes: ['output'] },
      { option: 'batch-size', given: '4', changes: ['batch_size'] },
      { option: 'input-size', given: '24', changes: ['input_size'] },
      { option: 'train-crop-size', given: '24', changes: ['input_size'] },
      { option: 'augment', given: 'inception', both: { padding: '2' }, fails: /--padding does nothing/ },
      { option: 'train-crop-mode', given: 'area', both: { padding: '2' }, fails: /--padding does nothing/ },
      { option: 'padding', given: '2', both: AREA, fails: /--padding does nothing/ },
      { option: 'train-resize-size', given: '16', both: AREA, fails: /--train-resize-size does nothing/ },
      { option: 'scale', given: '0.2,0.4', fails: /--scale does nothing/ },
      { option: 'ratio', given: '2,3', fails: /--ratio does nothing/ },
      { option: 'color-jitter', given: '0.4,0.4,0.4,0.6', fails: /at most 0\.5/ },
      { option: 'auto-augment', given: 'ta_wide', both: RA, fails: /--ra-magnitude is for RandAugment/ },
      { option: 'ra-magnitude', given: '3', fails: /--ra-magnitude is for RandAugment/ },
      { option: 'ra-num-ops', given: '3', fails: /--ra-num-ops is for RandAugment/ },
      { option: 'augmix-severity', given: '3', fails: /--augmix-severity is for AugMix/ },
      { option: 'workers', given: '3', changes: ['workers'] },
    ],
  },
};

/** Fields that measure this machine. */
const TIMES = /second|percent|resident|^rates$|^peak/;

/** A process opens a device once: the tests of `cnn train` start others. */
const OF_A_PROCESS = ['threads', 'device', 'deterministic'];

/** Options that no result shows. */
const UNSEEN: Partial<Record<CommandName, readonly string[]>> = {
  // The tests of `cnn train` take images away meanwhile.
  eval: [...OF_A_PROCESS, 'decode', 'data-patience', 'csv'],
  // It ends with a signal: test/demo/demo.test.ts serves.
  demo: ['serve'],
  // What they do to an evaluation is seen in `cnn eval`.
  compare: [
    ...[
      ...OF_A_PROCESS,
      'labels',
      'val-fraction',
      'seed',
      'mean',
      'std',
      'batch-size',
      'exif-rotate',
    ],
    ...['on-bad-image', 'max-bad-images', 'data-patience'],
  ],
  'data-suspects': [
    ...[...OF_A_PROCESS, 'val-fraction', 'seed', 'batch-size', 'exif-rotate', 'data-patience'],
    ...['backend', 'precision'],
  ],
  report: OF_A_PROCESS,
  // How many images a step takes changes its time alone.
  predict: [...OF_A_PROCESS, 'batch-size'],
  bench: [
    ...[
      ...OF_A_PROCESS,
      'autotune',
      'warmup',
      'seed',
      'hflip',
      'color-pca',
      'random-erase',
      'cache',
      'decode',
    ],
  ],
  'bench-eval': [...OF_A_PROCESS, 'warmup', 'seed'],
  'bench-data': [
    'warmup',
    'seed',
    'hflip',
    'color-pca',
    'random-erase',
    'channels',
    'decode',
    'device',
  ],
};

describe('options beside those of cnn train', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const inCommon = new Map<string, Promise<Record<string, unknown>>>();
  const cache = process.env['CNN_CACHE'];
  let runs = 0;

  before(async () => {
    process.env['CNN_CACHE'] = at('cache');
    await writeOddDataset(at('data'), 0);
    await writeOddDataset(at('other'), 100);
    await cp(at('data/train'), at('flat'), { recursive: true });
    await cp(at('data'), at('jpegs'), {
      recursive: true,
      filter: (file) => !/val.*png$/.test(file),
    });
    await cp(at('data'), at('damaged'), { recursive: true });
    await truncate(at('damaged/val/class1/0.png'), 60);
    await writeOddLabels(at('labels.csv'));
    await writeFile(at('real.json'), '[[0], [1], [], [1, 2], [2], [1]]');
    await runDataStats({ data: at('data') });
    for (const [experiment, seed] of [
      ['run', '0'],
      ['other', '5'],
    ]) {
      const once = { 'batch-size': '6', epochs: '1', output: at('runs'), experiment, seed };
      const weights = { 'weights-out': at(`${experiment}.safetensors`) };
      await runTrain({ ...NETWORK, ...ON_CPU, ...once, ...weights, data: at('data') }, SILENT);
    }
  });
  after(() => {
    if (cache === undefined) delete process.env['CNN_CACHE'];
    else process.env['CNN_CACHE'] = cache;
  });

  /** The fields of a command's result, and what else it did. */
  async function observe(run: Run, values: Values): Promise<Record<string, unknown>> {
    const folder = at(`${runs++}`);
    await mkdir(folder);
    const place = (text: unknown): unknown => {
      if (Array.isArray(text)) return text.map(place);
      if (typeof text !== 'string') return text;
      return text.replace('DIRECTORY', directory.path).replace('RUN', folder);
    };
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    const seen = { workers: 0, batches: [] as number[], computes: '' };
    const onWorker = () => seen.workers++;
    process.on('worker', onWorker);
    try {
      const placed = Object.fromEntries(given.map(([name, value]) => [name, place(value)]));
      const { json, error } = await run(placed, {
        ...SILENT,
        note: (line) => {
          seen.computes += /^backend \S+ in \S+/.exec(line)?.[0] ?? '';
        },
        begin: (_, total) => seen.batches.push(total),
      });
      if (error !== undefined) throw error;
      const fields = Array.isArray(json) ? { predictions: json } : (json as object);
      const found = { ...fields, ...seen, files: await contents(folder) };
      const text = JSON.stringify(found, (key, value) => (TIMES.test(key) ? undefined : value));
      return JSON.parse(text.replaceAll(folder, 'RUN'));
    } finally {
      process.off('worker', onWorker);
      tf.disposeVariables();
    }
  }

  /** What several rows compare theirs with. */
  function withoutOption(run: Run, values: Values): Promise<Record<string, unknown>> {
    const key = run.name + JSON.stringify(values);
    const found = inCommon.get(key) ?? observe(run, values);
    inCommon.set(key, found);
    return found;
  }

  for (const [name, { run, given: own, rows }] of Object.entries(COMMANDS)) {
    const command = name as CommandName;

    it(`of cnn ${name} all have a test`, () => {
      const tested = new Set([...rows.map(({ option }) => option), ...(UNSEEN[command] ?? [])]);
      assert.deepEqual([...tested].sort(), [...COMMAND_OPTIONS[command]].sort());
    });

    for (const { option, given, both = {}, changes = [], may = [], fails } of rows) {
      const effect = fails ? 'is refused' : `changes ${changes.join(', ') || 'nothing'}`;
      it(`cnn ${name} --${option} ${given} ${effect}`, async () => {
        const without = await withoutOption(run, { ...own, ...both });
        const found = observe(run, { ...own, ...both, [option]: given });
        if (fails !== undefined) {
          await assert.rejects(found, fails);
          return;
        }
        const fields = await found;
        const names = [...new Set([...Object.keys(fields), ...Object.keys(without)])];
        const differ = names.filter((key) => !isDeepStrictEqual(fields[key], without[key]));
        const certain = differ.filter((key) => changes.includes(key) || !may.includes(key));
        assert.deepEqual(certain.sort(), [...changes].sort());
      });
    }
  }
});

/** Files below a folder with their digests. */
async function contents(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(
    paths.map(async (path) => {
      return `${path} ${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')}`;
    }),
  );
}
