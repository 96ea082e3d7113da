/** Every option of every family: the network that it gives, by hand, which trains and is kept. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  architectures,
  describeValues,
  findArchitecture,
  modelCost,
  titleOf,
  withOptions,
  withoutDrawing,
} from '../../src/archs/index.js';
import { UsageError } from '../../src/errors.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import {
  architectureOfCard,
  networkCard,
  networkCardSchema,
} from '../../src/session/network-card.js';
import { openSession } from '../../src/session/session.js';
import { trainStep } from '../../src/train/step.js';
import { openOurs, orSkip } from '../network/backends.js';

/** A convolution with its biases, without any, and with the two values of a normalisation. */
const conv = (kernel: number, inputs: number, filters: number) =>
  (kernel ** 2 * inputs + 1) * filters;
const bare = (kernel: number, inputs: number, filters: number) => kernel ** 2 * inputs * filters;
const norm = (kernel: number, inputs: number, filters: number) =>
  bare(kernel, inputs, filters) + 2 * filters;
const dense = (inputs: number, units: number) => (inputs + 1) * units;
const sum = (...counts: number[]) => counts.reduce((all, count) => all + count, 0);
const times = (count: number, value: number) => count * value;

/** The first filters, then stages of basic blocks, their count and filters; `fc` ends them. */
function residual(stem: number, stages: readonly (readonly [number, number])[]): number {
  let inputs = stages[0]?.[1] ?? 0;
  let found = stem;
  for (const [blocks, filters] of stages) {
    found += norm(3, inputs, filters) + times(2 * blocks - 1, norm(3, filters, filters));
    inputs = filters;
  }
  return found;
}

/** Figure 4e's bottlenecks: normalisations come before the convolutions. */
function preActivation(stages: readonly (readonly [number, number])[]): number {
  let inputs = stages[0]?.[1] ?? 0;
  let found = 0;
  for (const [blocks, filters] of stages) {
    found += bare(1, inputs, 4 * filters);
    for (let block = 0; block < blocks; block++) {
      found += 2 * inputs + bare(1, inputs, filters) + 2 * filters + bare(3, filters, filters);
      found += 2 * filters + bare(1, filters, 4 * filters);
      inputs = 4 * filters;
    }
  }
  return found + 2 * inputs;
}

/**
 * Dense blocks after 16 maps, k maps a layer, and a classifier; the bottlenecks of -BC have 4k maps,
 * its transitions halve.
 */
function denseNet(classes: number, blocks: readonly number[], growth: number, bc: boolean): number {
  let maps = 16;
  let found = 0;
  blocks.forEach((layers, place) => {
    for (let layer = 0; layer < layers; layer++) {
      const inner = bc ? 4 * growth : maps;
      if (bc) found += 2 * maps + bare(1, maps, inner);
      found += 2 * inner + bare(3, inner, growth);
      maps += growth;
    }
    found += 2 * maps;
    if (place === blocks.length - 1) return;
    const kept = bc ? Math.floor(maps / 2) : maps;
    found += bare(1, maps, kept);
    maps = kept;
  });
  return found + dense(maps, classes);
}

// biome-ignore format: table 1 of GoogLeNet's paper: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj
const INCEPTIONS = [
  [ 64,  96, 128, 16,  32,  32], [128, 128, 192, 32,  96,  64],
  [192,  96, 208, 16,  48,  64], [160, 112, 224, 24,  64,  64], [128, 128, 256, 24,  64,  64], [112, 144, 288, 32,  64,  64], [256, 160, 320, 32, 128, 128],
  [256, 160, 320, 32, 128, 128], [384, 192, 384, 48, 128, 128],
] as const;

function googlenet(width: number, naive: boolean): number {
  let maps = 192 * width;
  let found = conv(7, 3, 64 * width) + conv(1, 64 * width, 64 * width) + conv(3, 64 * width, maps);
  for (const row of INCEPTIONS) {
    const [one = 0, reduce3 = 0, three = 0, reduce5 = 0, five = 0, pool = 0] = row.map(
      (count) => count * width,
    );
    found += conv(1, maps, one);
    if (naive) {
      found += conv(3, maps, three) + conv(5, maps, five);
      maps += one + three + five;
    } else {
      found += conv(1, maps, reduce3) + conv(3, reduce3, three) + conv(1, maps, reduce5);
      found += conv(5, reduce5, five) + conv(1, maps, pool);
      maps = one + three + five + pool;
    }
  }
  return found + dense(maps, 1000);
}

const VGG_DENSE = sum(dense(49 * 512, 4096), dense(4096, 4096), dense(4096, 1000));

interface Row {
  readonly arch: string;
  readonly options: readonly string[];
  readonly parameters: number;
  /** Layers that the network at its defaults has and this one has not. */
  readonly without?: readonly string[];
  /** A size at which it trains a step quickly, with these options in place of the same ones. */
  readonly size: number;
  readonly narrow?: string;
}

const NARROW = 'width=0.05';

// biome-ignore format: one network a row
const ROWS: readonly Row[] = [
  { arch: 'lenet5', options: ['activation=relu'], parameters: 61_706, size: 12 },
  { arch: 'lenet5', options: ['pool=max'], parameters: 61_706, size: 12 },
  // Table I has 60 connections of the 96.
  { arch: 'lenet5-1998', options: ['c3=full'], parameters: 60_850 + 36 * 25, size: 32 },
  { arch: 'simple-cnn', options: ['width=0.25'], size: 16,
    parameters: sum(conv(7, 1, 16), conv(3, 16, 32), conv(3, 32, 32), conv(3, 32, 64), conv(3, 64, 64), dense(9 * 64, 32), dense(32, 16), dense(16, 10)) },
  { arch: 'alexnet', options: ['lrn=false'], parameters: 60_965_224, without: ['norm1', 'norm2'], size: 63, narrow: NARROW },
  { arch: 'alexnet', options: ['pool=2'], parameters: 60_965_224, size: 63, narrow: NARROW },
  { arch: 'alexnet', options: ['activation=tanh'], parameters: 60_965_224, size: 63, narrow: NARROW },
  { arch: 'alexnet', options: ['init=he'], parameters: 60_965_224, size: 63, narrow: NARROW },
  { arch: 'nin-cifar', options: ['init=he'], parameters: 966_986, size: 16, narrow: NARROW },
  { arch: 'alexnet', options: ['width=0.5'], size: 63, narrow: NARROW,
    parameters: sum(conv(11, 3, 48), conv(5, 24, 128), conv(3, 128, 192), conv(3, 96, 192), conv(3, 96, 128), dense(36 * 128, 2048), dense(2048, 2048), dense(2048, 1000)) },
  { arch: 'alexnet-1gpu', options: ['width=0.5'], size: 63, narrow: NARROW,
    parameters: sum(conv(11, 3, 48), conv(5, 48, 128), conv(3, 128, 192), conv(3, 192, 192), conv(3, 192, 128), dense(36 * 128, 2048), dense(2048, 2048), dense(2048, 1000)) },
  { arch: 'alexnet-torchvision', options: ['width=0.5'], size: 63, narrow: NARROW,
    parameters: sum(conv(11, 3, 32), conv(5, 32, 96), conv(3, 96, 192), conv(3, 192, 128), conv(3, 128, 128), dense(36 * 128, 2048), dense(2048, 2048), dense(2048, 1000)) },
  { arch: 'nin', options: ['mlpconv=false'], size: 63, narrow: NARROW,
    parameters: sum(conv(11, 3, 96), conv(5, 96, 256), conv(3, 256, 384), conv(3, 384, 1024), conv(1, 1024, 1000)),
    without: ['cccp1', 'cccp2', 'cccp3', 'cccp4', 'cccp5', 'cccp6', 'cccp7'] },
  { arch: 'nin-cifar', options: ['mlpconv=false'], size: 16, narrow: NARROW, without: ['cccp1', 'cccp2', 'cccp3', 'cccp4', 'cccp5'],
    parameters: sum(conv(5, 3, 192), conv(5, 192, 192), conv(3, 192, 192), conv(1, 192, 10)) },
  { arch: 'nin-cifar', options: ['width=0.5'], size: 16, narrow: NARROW,
    parameters: sum(conv(5, 3, 96), conv(1, 96, 80), conv(1, 80, 48), conv(5, 48, 96), 3 * conv(1, 96, 96), conv(3, 96, 96), conv(1, 96, 10)) },
  { arch: 'vgg13', options: ['stack=single'], size: 32, narrow: NARROW, without: ['conv1_2', 'conv2_2', 'conv3_2', 'conv4_2', 'conv5_2'],
    parameters: sum(conv(5, 3, 64), conv(5, 64, 128), conv(5, 128, 256), conv(5, 256, 512), conv(5, 512, 512), VGG_DENSE) },
  { arch: 'vgg16', options: ['stack=single'], size: 32, narrow: NARROW,
    parameters: sum(conv(5, 3, 64), conv(5, 64, 128), conv(7, 128, 256), conv(7, 256, 512), conv(7, 512, 512), VGG_DENSE),
    without: ['conv1_2', 'conv2_2', 'conv3_2', 'conv3_3', 'conv4_2', 'conv4_3', 'conv5_2', 'conv5_3'] },
  // Its last convolutions of 1×1 see no more than those before them.
  { arch: 'vgg16-1x1', options: ['stack=single'], size: 32, narrow: NARROW,
    parameters: sum(conv(5, 3, 64), conv(5, 64, 128), conv(5, 128, 256), conv(5, 256, 512), conv(5, 512, 512), VGG_DENSE),
    without: ['conv1_2', 'conv2_2', 'conv3_2', 'conv3_3', 'conv4_2', 'conv4_3', 'conv5_2', 'conv5_3'] },
  { arch: 'vgg11-bn', options: ['width=0.125'], size: 32, narrow: NARROW,
    parameters: sum(conv(3, 3, 8), conv(3, 8, 16), conv(3, 16, 32), conv(3, 32, 32), conv(3, 32, 64), 3 * conv(3, 64, 64), 2 * (8 + 16 + 2 * 32 + 4 * 64), dense(49 * 64, 512), dense(512, 512), dense(512, 1000)) },
  { arch: 'googlenet', options: ['inception=naive'], parameters: googlenet(1, true), size: 32, narrow: NARROW,
    without: ['3a', '3b', '4a', '4b', '4c', '4d', '4e', '5a', '5b'].flatMap((id) => ['3x3_reduce', '5x5_reduce', 'pool_proj'].map((part) => `inception${id}.${part}`)) },
  { arch: 'googlenet', options: ['width=0.5'], parameters: googlenet(0.5, false), size: 32, narrow: NARROW },
  { arch: 'googlenet-bn', options: ['width=0.5'], size: 32, narrow: NARROW,
    // A gamma beside the beta that takes the place of each bias, of which fc has 1000.
    parameters: googlenet(0.5, false) + (7_005_832 - 6_998_552) / 2 },
  { arch: 'resnet18', options: ['shortcut=A'], size: 32, narrow: NARROW, parameters: 11_515_688 },
  { arch: 'resnet18', options: ['shortcut=C'], size: 32, narrow: NARROW,
    parameters: sum(11_689_512, 2 * norm(1, 64, 64), norm(1, 128, 128), norm(1, 256, 256), norm(1, 512, 512)) },
  { arch: 'plain18', options: ['width=0.25'], size: 32, narrow: NARROW,
    parameters: residual(norm(7, 3, 16), [[2, 16], [2, 32], [2, 64], [2, 128]]) + dense(128, 1000) },
  { arch: 'resnet18', options: ['width=0.25'], size: 32, narrow: NARROW,
    parameters: sum(residual(norm(7, 3, 16), [[2, 16], [2, 32], [2, 64], [2, 128]]), norm(1, 16, 32), norm(1, 32, 64), norm(1, 64, 128), dense(128, 1000)) },
  { arch: 'preresnet50', options: ['width=0.25'], size: 32, narrow: NARROW,
    // The normalisation of the stem takes the place of the first block's.
    parameters: norm(7, 3, 16) - 2 * 16 + preActivation([[3, 16], [4, 32], [6, 64], [3, 128]]) + dense(512, 1000) },
  { arch: 'resnet20-cifar', options: ['shortcut=B'], parameters: 269_722 + norm(1, 16, 32) + norm(1, 32, 64), size: 8 },
  { arch: 'resnet20-cifar', options: ['shortcut=C'], size: 8,
    parameters: sum(269_722, norm(1, 16, 32), norm(1, 32, 64), 3 * norm(1, 16, 16), 2 * norm(1, 32, 32), 2 * norm(1, 64, 64)) },
  { arch: 'resnet20-cifar', options: ['width=0.5'], size: 8,
    parameters: residual(norm(3, 3, 8), [[3, 8], [3, 16], [3, 32]]) + dense(32, 10) },
  { arch: 'plain20-cifar', options: ['width=0.5'], size: 8,
    parameters: residual(norm(3, 3, 8), [[3, 8], [3, 16], [3, 32]]) + dense(32, 10) },
  { arch: 'densenet121', options: ['growth=8'], size: 32, narrow: 'growth=2',
    parameters: norm(7, 3, 16) + denseNet(1000, [6, 12, 24, 16], 8, true) },
  { arch: 'densenet40-k12', options: ['growth=4'], size: 8, parameters: bare(3, 3, 16) + denseNet(10, [12, 12, 12], 4, false) },
  { arch: 'densenet40-k12', options: ['layers=3'], size: 8, parameters: bare(3, 3, 16) + denseNet(10, [3, 3, 3], 12, false) },
  { arch: 'densenet-bc100-k12', options: ['growth=8'], size: 8, narrow: 'layers=2',
    parameters: bare(3, 3, 16) + denseNet(10, [16, 16, 16], 8, true) },
];

describe('An option of a network', function () {
  this.timeout(120_000);
  before(async function () {
    await orSkip(this, openOurs('f32'));
  });
  after(() => tf.setBackend('cpu'));

  for (const { arch, options, parameters, without, size, narrow } of ROWS) {
    const plain = findArchitecture(arch);
    const changed = withOptions(plain, options);

    it(`${titleOf(changed)} has the parameters counted by hand`, () => {
      const model = shapesOf(changed);
      assert.equal(modelCost(model).parameters, parameters);
      model.dispose();
      if (without === undefined) return;
      const namesOf = ({ layers }: LayersModel) => layers.map(({ name }) => name);
      const left = new Set(namesOf(model));
      const former = shapesOf(plain);
      assert.deepEqual(
        namesOf(former).filter((name) => !left.has(name)),
        without,
      );
      former.dispose();
    });

    it(`${titleOf(changed)} trains a step, and a checkpoint describes it`, () => {
      const kept = options.filter((text) => text.split('=')[0] !== narrow?.split('=')[0]);
      const small = withOptions(plain, narrow === undefined ? kept : [...kept, narrow]);
      const classes = ['a', 'b', 'c'];
      const card = networkCard(small, { classes, inputSize: size, channels: 3 });
      const session = openSession(small, card, 1);
      const before = session.model.weights.map((weight) => weight.read().dataSync().slice());
      const optimizer = new Optimizer(session.network.weights, small.recipe);
      const images = tf.randomUniform<tf.Rank.R4>([2, size, size, 3], -1, 1, 'float32', 1);
      const labels = tf.tensor1d([0, 2], 'int32');
      const step = { lr: 0.1, smoothing: 0, seed: 0, step: 0, auxiliaryWeight: 0 };
      const stats = trainStep(session, optimizer, { images, labels }, step);
      assert.ok(Number.isFinite(stats.dataSync()[0]));
      const moved = session.model.weights.filter((weight, index) => {
        const values = weight.read().dataSync();
        return values.some((value, place) => value !== before[index]?.[place]);
      });
      assert.ok(moved.length > 1, `${moved.length} weights changed`);
      const stored = networkCardSchema.parse(JSON.parse(JSON.stringify(card)));
      const again = architectureOfCard(stored);
      assert.deepEqual(again.given, small.given);
      const rebuilt = withoutDrawing(() => openSession(again, stored, 1));
      assert.deepEqual(weightsOf(rebuilt.model), weightsOf(session.model));
      for (const { network, model } of [session, rebuilt]) {
        network.dispose();
        model.dispose();
      }
      tf.dispose([images, labels, stats, optimizer.state]);
    });
  }

  it('has a row above, in every family that declares it', () => {
    const declared = architectures.flatMap(({ family, options = {} }) => {
      return Object.keys(options).map((name) => `${family} ${name}`);
    });
    const tested = ROWS.flatMap(({ arch, options }) => {
      const { family } = findArchitecture(arch);
      return options.map((text) => `${family} ${text.split('=')[0]}`);
    });
    assert.deepEqual([...new Set(declared)].sort(), [...new Set(tested)].sort());
  });

  it('is in docs/networks.md as its network declares it', () => {
    const text = readFileSync(join(PACKAGE_ROOT, 'docs/networks.md'), 'utf8');
    for (const { name: network, options = {} } of architectures) {
      for (const [name, option] of Object.entries(options)) {
        const row = `| \`${name}\` | ${describeValues(option)} | ${option.about} |`;
        assert.ok(text.includes(row), `${row} of ${network}`);
      }
    }
  });

  it('init=he draws the hidden layers by their inputs', () => {
    const { build } = withOptions(findArchitecture('alexnet'), ['init=he', 'width=0.25']);
    const model = build({ classes: 10, size: 63, channels: 3, seed: 3 });
    for (const [layer, expected] of [
      ['conv2', Math.sqrt(2 / (25 * 12))],
      ['fc7', Math.sqrt(2 / 1024)],
      ['fc8', 0.01],
    ] as const) {
      const [kernel] = model.getLayer(layer).getWeights() as tf.Tensor[];
      const values = kernel?.dataSync<'float32'>() ?? new Float32Array();
      const squares = values.reduce((all, value) => all + value * value, 0);
      const deviation = Math.sqrt(squares / values.length);
      assert.ok(Math.abs(deviation / expected - 1) < 0.03, `${layer}: ${deviation}, ${expected}`);
    }
    model.dispose();
  });

  it('changes nothing at its default', () => {
    for (const architecture of architectures) {
      const texts = Object.entries(architecture.options ?? {}).map(
        ([name, row]) => `${name}=${row.default}`,
      );
      assert.equal(withOptions(architecture, texts), architecture);
    }
  });

  it('is kept in the order of the table, without what is published and the names of torchvision', () => {
    const resnet18 = findArchitecture('resnet18');
    const narrow = withOptions(resnet18, ['width=0.50', ' shortcut = a ']);
    assert.deepEqual(narrow.given, ['shortcut=A', 'width=0.5']);
    assert.deepEqual([narrow.published, narrow.torchvision], [undefined, undefined]);
    assert.ok(resnet18.published && resnet18.torchvision);
  });

  for (const [arch, texts, expected] of [
    [
      'alexnet',
      ['lnr=false'],
      /"lnr" in --arch-options: alexnet has the options lrn, pool, .* Did you mean "lrn"\?/,
    ],
    ['alexnet', ['lrn'], /set lrn of alexnet to true or false but received ""/],
    ['alexnet', ['lrn=no'], /set lrn of alexnet to true or false but received "no"/],
    ['alexnet', ['pool=4'], /set pool of alexnet to 3 or 2 but received "4"/],
    ['alexnet', ['width=0'], /set width of alexnet to a number of 0\.01 to 8 but received "0"/],
    ['alexnet', ['width=wide'], /set width of alexnet to a number .* but received "wide"/],
    ['alexnet', ['toString=1'], /Unknown option "toString"/],
    ['densenet121', ['growth=1.5'], /set growth of densenet121 to a whole number of 1 to 256/],
    ['resnet18', ['shortcut=D'], /set shortcut of resnet18 to A, B or C but received "D"/],
    ['plain18', ['shortcut=A'], /plain18 has the options width/],
    [
      'alexnet',
      ['pool=2', 'pool=3'],
      /Expected each of --arch-options once but received pool twice/,
    ],
  ] as const) {
    it(`${texts.join(' ')} of ${arch} is an error`, () => {
      const read = () => withOptions(findArchitecture(arch), texts);
      assert.throws(read, (error) => error instanceof UsageError && expected.test(error.message));
    });
  }
});

function shapesOf({ build, classes, size, channels }: ReturnType<typeof findArchitecture>) {
  return withoutDrawing(() => build({ classes, size, channels, seed: 0 }));
}

function weightsOf({ weights }: LayersModel) {
  return weights.map(({ originalName, shape }) => [originalName, shape]);
}
