/**
 * Network in network. Lin, Chen, Yan, "Network In Network", 2013 (ICLR 2014): each convolution is
 * followed by two of 1×1, and the means of the last maps are the logits. `nin-cifar` is that of
 * section 4, whose widths the first author's code gives (github.com/mavenlin/cuda-convnet,
 * NIN/cifar-10_def); `nin` is his for ImageNet in Caffe's model zoo (nin_imagenet).
 *
 * What differs from the paper is in papers/nin.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import { CENTRE_CROP } from '../augment/papers.js';
import type { Architecture, BuildOptions } from './architecture.js';
import { constant, normal } from './blocks/initialisers.js';
import { INIT } from './options/init.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { CIFAR_RECIPE, IMAGENET_COLOURS, TORCHVISION_RECIPE } from './recipes.js';
import { channelsOf, convolution, dropout, globalAveragePool, image, maxPool } from './words.js';

interface Row {
  readonly name: string;
  /** The number of classes where it is left out. */
  readonly filters?: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly pad?: number;
  /** Of the normal distribution that the weights are drawn from. */
  readonly deviation: number;
  /** A 3×3 max pooling with stride 2 and a dropout of 0.5 that follow. */
  readonly pool?: string;
  readonly drop?: string;
}

// biome-ignore format: one layer a row
const IMAGENET: readonly Row[] = [
  { name: 'conv1', filters:   96, kernel: 11, stride: 4, deviation: 0.01 },                // 54×54
  { name: 'cccp1', filters:   96, kernel:  1,            deviation: 0.05 },
  { name: 'cccp2', filters:   96, kernel:  1,            deviation: 0.05, pool: 'pool1' }, // 27×27
  { name: 'conv2', filters:  256, kernel:  5, pad: 2,    deviation: 0.05 },
  { name: 'cccp3', filters:  256, kernel:  1,            deviation: 0.05 },
  { name: 'cccp4', filters:  256, kernel:  1,            deviation: 0.05, pool: 'pool2' }, // 13×13
  { name: 'conv3', filters:  384, kernel:  3, pad: 1,    deviation: 0.01 },
  { name: 'cccp5', filters:  384, kernel:  1,            deviation: 0.05 },
  { name: 'cccp6', filters:  384, kernel:  1,            deviation: 0.05, pool: 'pool3', drop: 'drop3' }, // 6×6
  { name: 'conv4', filters: 1024, kernel:  3, pad: 1,    deviation: 0.05 },
  { name: 'cccp7', filters: 1024, kernel:  1,            deviation: 0.05 },
  { name: 'cccp8',                kernel:  1,            deviation: 0.01 },
];

// biome-ignore format: one layer a row
const CIFAR: readonly Row[] = [
  { name: 'conv1', filters: 192, kernel: 5, pad: 2, deviation: 0.05 },                // 32×32
  { name: 'cccp1', filters: 160, kernel: 1,         deviation: 0.05 },
  { name: 'cccp2', filters:  96, kernel: 1,         deviation: 0.05, pool: 'pool1', drop: 'drop1' }, // 16×16
  { name: 'conv2', filters: 192, kernel: 5, pad: 2, deviation: 0.05 },
  { name: 'cccp3', filters: 192, kernel: 1,         deviation: 0.05 },
  { name: 'cccp4', filters: 192, kernel: 1,         deviation: 0.05, pool: 'pool2', drop: 'drop2' }, // 8×8
  { name: 'conv3', filters: 192, kernel: 3, pad: 1, deviation: 0.05 },
  { name: 'cccp5', filters: 192, kernel: 1,         deviation: 0.05 },
  { name: 'cccp6',               kernel: 1,         deviation: 0.05 },
];

const OPTIONS = {
  mlpconv: {
    values: [true, false],
    default: true,
    about: '1×1 convolutions after each other convolution (section 3.1); the last one stays',
  },
  init: INIT,
  width: WIDTH,
} as const satisfies OptionTable;

function build(name: string, rows: readonly Row[], options: BuildOptions) {
  const { classes, seed } = options;
  const { mlpconv, init, width } = chosen(OPTIONS, options);
  const images = image(options);
  let x = images;
  for (const { deviation, pool, drop, ...layer } of rows) {
    const last = layer.filters === undefined;
    const filters = last ? classes : scaled(layer.filters ?? 0, width);
    const weight = `${layer.name}/kernel`;
    const he = Math.sqrt(2 / (layer.kernel ** 2 * channelsOf(x)));
    const kernelInitializer = normal(init === 'he' && !last ? he : deviation, seed, weight);
    const weights = { kernelInitializer, biasInitializer: constant(0) };
    if (mlpconv || last || layer.kernel > 1) {
      x = convolution(x, { ...layer, filters, ...weights, activation: 'relu' });
    }
    if (pool) x = maxPool(x, pool, 3, 2, { ceil: true });
    if (drop) x = dropout(x, drop, 0.5);
  }
  const poolings = rows.filter(({ pool }) => pool).length;
  return model({ inputs: images, outputs: globalAveragePool(x, `pool${poolings + 1}`), name });
}

const shared = {
  family: 'nin',
  paper: {
    title: 'Network In Network',
    authors: 'Lin, Chen, Yan',
    year: 2013,
    url: 'https://arxiv.org/abs/1312.4400',
  },
  channels: 3 as const,
  options: OPTIONS,
};

/** Caffe's solver: biases learn at twice the rate and without decay. */
const CAFFE = { opt: 'sgd-caffe', decayBias: false, biasLrScale: 2 } as const;

export const nin: Architecture = {
  ...shared,
  name: 'nin',
  size: 224,
  classes: 1000,
  parameters: 7_595_176,
  macs: 1_100_188_800,
  depth: IMAGENET.length,
  published: {
    top1: 59.36,
    protocol: 'ILSVRC-2012 val, centre crop (Caffe’s model zoo)',
    source: 'Caffe’s model zoo, nin_imagenet',
  },
  recipe: {
    ...TORCHVISION_RECIPE,
    ...CAFFE,
    epochs: 22,
    batchSize: 64,
    lrStepSize: 10,
    weightDecay: 5e-4,
    transform: {
      train: { resize: 256, crop: 'random', size: 224, mirror: 0.5, pad: 0 },
      val: CENTRE_CROP,
    },
    mean: IMAGENET_COLOURS.mean,
    // The weights are meant for grey levels of 0 to 255 from which the mean is taken.
    std: [1 / 255, 1 / 255, 1 / 255],
  },
  build: (options) => build('nin', IMAGENET, options),
};

const { lrMilestones: _, ...recipe } = CIFAR_RECIPE;

export const ninCifar: Architecture = {
  ...shared,
  name: 'nin-cifar',
  size: 32,
  classes: 10,
  parameters: 966_986,
  macs: 222_486_528,
  depth: CIFAR.length,
  published: {
    top1: 91.19,
    protocol: 'CIFAR-10 test, augmented training',
    source: 'Lin et al., 2013, table 1',
  },
  recipe: {
    ...{ ...recipe, ...CAFFE, epochs: 260, lrScheduler: 'step', lrStepSize: 87 },
    // A ReLU follows cccp6: at the full rate, all its logits soon stay 0.
    layerLrScale: ['cccp6=0.1'],
  },
  build: (options) => build('nin-cifar', CIFAR, options),
};
