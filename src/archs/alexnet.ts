/**
 * AlexNet. Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
 * Networks", NIPS 2012, section 3 and figure 2. `alexnet-1gpu` is the same without groups.
 *
 * What differs from the paper is in papers/alexnet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { constant, normal } from './blocks/initialisers.js';
import { INIT } from './options/init.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { ALEXNET_TRANSFORM, IMAGENET_COLOURS, TORCHVISION_RECIPE } from './recipes.js';
import {
  channelsOf,
  convolution,
  dense,
  dropout,
  flatten,
  image,
  joinHalves,
  localResponse,
  localResponseOfHalf,
  maxPool,
} from './words.js';

// biome-ignore format: figure 2 and section 5 of the paper, one layer a row
const CONVOLUTIONS = [
  { name: 'conv1', filters:  96, kernel: 11, stride: 4, pad: 2, groups: 1, bias: 0,   norm: 'norm1', pool: 'pool1' },
  { name: 'conv2', filters: 256, kernel:  5, stride: 1, pad: 2, groups: 2, bias: 0.1, norm: 'norm2', pool: 'pool2' },
  { name: 'conv3', filters: 384, kernel:  3, stride: 1, pad: 1, groups: 1, bias: 0 },
  { name: 'conv4', filters: 384, kernel:  3, stride: 1, pad: 1, groups: 2, bias: 0.1 },
  { name: 'conv5', filters: 256, kernel:  3, stride: 1, pad: 1, groups: 2, bias: 0.1, pool: 'pool5' },
];
const DENSE = [
  { name: 'fc6', units: 4096, drop: 'drop6' },
  { name: 'fc7', units: 4096, drop: 'drop7' },
];

// biome-ignore format: the paper's own comparisons, one a row
const OPTIONS = {
  lrn: { values: [true, false], default: true, about: 'local response normalisation (section 3.3)' },
  pool: { values: [3, 2], default: 3, about: 'side of the pooling windows, whose stride is 2: 3 overlaps (section 3.4)' },
  activation: { values: ['relu', 'tanh'], default: 'relu', about: 'after every hidden layer (section 3.1)' },
  init: INIT,
  width: WIDTH,
} as const satisfies OptionTable;

function build(name: string, grouped: boolean, options: BuildOptions) {
  const { lrn, pool: window, activation, init, width } = chosen(OPTIONS, options);
  const { classes, seed, half } = options;
  const draw = (layer: string, deviation: number, bias: number) => ({
    kernelInitializer: normal(deviation, seed, `${layer}/kernel`),
    biasInitializer: constant(bias),
  });
  const drawHidden = (layer: string, fanIn: number, deviation: number, bias: number) =>
    draw(layer, init === 'he' ? Math.sqrt(2 / fanIn) : deviation, bias);
  /** As the paper has it on two GPUs: each process has half of the filters and units. */
  const own = (count: number) => scaled(count, width) / (half === undefined ? 1 : 2);
  const images = image(options);
  let x = images;
  for (const { bias, norm, pool, groups, ...layer } of CONVOLUTIONS) {
    const whole = grouped ? groups : 1;
    if (half !== undefined && whole === 1 && x !== images) {
      x = joinHalves(x, `${layer.name}_joined`, half);
    }
    const form = {
      filters: own(layer.filters),
      groups: half === undefined ? whole : 1,
      activation,
    };
    const fanIn = (layer.kernel ** 2 * channelsOf(x)) / form.groups;
    const weights = drawHidden(layer.name, fanIn, 0.01, bias);
    x = convolution(x, { ...layer, ...weights, ...form });
    if (norm && lrn) {
      x = half === undefined ? localResponse(x, norm) : localResponseOfHalf(x, norm, half);
    }
    if (pool) x = maxPool(x, pool, window, 2);
  }
  if (half !== undefined) x = joinHalves(x, 'flatten_joined', half);
  x = flatten(x);
  for (const { drop, ...layer } of DENSE) {
    const units = own(layer.units);
    const weights = drawHidden(layer.name, channelsOf(x), 0.005, 0.1);
    x = dense(x, { ...layer, units, ...weights, activation });
    // The logits are computed on both processes: their layer is small.
    if (half !== undefined) {
      x = joinHalves(x, `${layer.name}_joined`, half, drop === DENSE.at(-1)?.drop);
    }
    x = dropout(x, drop, 0.5);
  }
  const logits = dense(x, { name: 'fc8', units: classes, ...draw('fc8', 0.01, 0) });
  return model({ inputs: images, outputs: logits, name });
}

const shared = {
  family: 'alexnet',
  paper: {
    title: 'ImageNet Classification with Deep Convolutional Neural Networks',
    authors: 'Krizhevsky, Sutskever, Hinton',
    year: 2012,
    url: 'https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks',
  },
  size: 224,
  channels: 3 as const,
  classes: 1000,
  depth: 8,
  options: OPTIONS,
  halves: true as const,
  recipe: {
    ...TORCHVISION_RECIPE,
    batchSize: 128,
    opt: 'sgd-caffe' as const,
    lrWarmupSteps: 200,
    weightDecay: 5e-4,
    decayBias: false,
    biasLrScale: 2,
    transform: ALEXNET_TRANSFORM,
    mean: IMAGENET_COLOURS.mean,
    // The weights of section 5 are meant for grey levels of 0 to 255 from which the mean is taken.
    std: [1 / 255, 1 / 255, 1 / 255],
    note: 'Caffe: biases start at 0.1, fc6 and fc7 from N(0, 0.005²), bias rate doubled; 200 steps of warm-up',
  },
};

export const alexnet: Architecture = {
  ...shared,
  name: 'alexnet',
  parameters: 60_965_224,
  macs: 724_406_816,
  published: {
    top1: 59.3,
    top5: 81.8,
    protocol: 'ILSVRC-2012 val, ten crops, one network',
    source: 'Krizhevsky et al., 2012, table 2',
  },
  build: (options) => build('alexnet', true, options),
};

export const alexnet1gpu: Architecture = {
  ...shared,
  name: 'alexnet-1gpu',
  parameters: 62_378_344,
  macs: 1_135_256_096,
  build: (options) => build('alexnet-1gpu', false, options),
};
