/**
 * VGG. Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
 * 2014 (ICLR 2015), table 1. vgg11, vgg11-lrn, vgg13, vgg16-1x1, vgg16 and vgg19 are its
 * configurations A, A-LRN, B, C, D and E; `-bn` has batch normalisation after each convolution, as
 * torchvision/models/vgg.py.
 *
 * What differs from the paper is in papers/vgg.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { he, normal } from './blocks/initialisers.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { TORCHVISION_NORM_RECIPE, TORCHVISION_RECIPE, VGG_TRANSFORM } from './recipes.js';
import {
  batchNorm,
  channelsOf,
  convolution,
  dense,
  dropout,
  flatten,
  image,
  localResponse,
  maxPool,
  relu,
} from './words.js';

const FILTERS = [64, 128, 256, 512, 512];
const DENSE = ['6', '7'];

const DENSELY = {
  protocol: 'ILSVRC-2012 val, dense at scale 256, one network',
  source: 'Simonyan and Zisserman, 2014, table 3',
};
const TORCHVISION = {
  protocol: 'ILSVRC-2012 val, centre crop (torchvision)',
  source: 'torchvision’s table of weights',
};

// biome-ignore format: table 1 of the paper: convolutions of each stage; results of its table 3
const NETWORKS: Network[] = [
  { name: 'vgg11',     convs: [1, 1, 2, 2, 2], parameters: 132_863_336, macs:  7_609_090_048, top1: 70.4,   top5: 89.6 },
  { name: 'vgg11-lrn', convs: [1, 1, 2, 2, 2], parameters: 132_863_336, macs:  7_609_090_048, top1: 70.3,   top5: 89.5,   form: 'lrn' },
  { name: 'vgg13',     convs: [2, 2, 2, 2, 2], parameters: 133_047_848, macs: 11_308_466_176, top1: 71.3,   top5: 90.1 },
  { name: 'vgg16-1x1', convs: [2, 2, 3, 3, 3], parameters: 133_638_952, macs: 11_770_888_192, top1: 71.9,   top5: 90.6,   form: '1x1' },
  { name: 'vgg16',     convs: [2, 2, 3, 3, 3], parameters: 138_357_544, macs: 15_470_264_320, top1: 73.0,   top5: 91.2 },
  { name: 'vgg19',     convs: [2, 2, 4, 4, 4], parameters: 143_667_240, macs: 19_632_062_464, top1: 72.7,   top5: 91.0 },
  { name: 'vgg11-bn',  convs: [1, 1, 2, 2, 2], parameters: 132_868_840, macs:  7_609_090_048, top1: 70.37,  top5: 89.81,  form: 'bn' },
  { name: 'vgg13-bn',  convs: [2, 2, 2, 2, 2], parameters: 133_053_736, macs: 11_308_466_176, top1: 71.586, top5: 90.374, form: 'bn' },
  { name: 'vgg16-bn',  convs: [2, 2, 3, 3, 3], parameters: 138_365_992, macs: 15_470_264_320, top1: 73.36,  top5: 91.516, form: 'bn' },
  { name: 'vgg19-bn',  convs: [2, 2, 4, 4, 4], parameters: 143_678_248, macs: 19_632_062_464, top1: 74.218, top5: 91.842, form: 'bn' },
];

interface Network {
  readonly name: string;
  readonly convs: readonly number[];
  readonly parameters: number;
  readonly macs: number;
  readonly top1: number;
  readonly top5: number;
  /** `1x1`: the last convolution of stages 3 to 5; `lrn`: normalisation after the first. */
  readonly form?: 'lrn' | '1x1' | 'bn';
}

const OPTIONS = {
  stack: {
    values: ['small', 'single'],
    default: 'small',
    about:
      'the convolutions of a stage: 3×3 ones, or one that sees as much, 5×5 for two (section 4.1), 7×7 for three',
  },
  width: WIDTH,
} as const satisfies OptionTable;

/** The kernels of a stage of `count` convolutions. */
function kernelsOf(count: number, form: Network['form'], stack: 'small' | 'single'): number[] {
  const small = Array.from({ length: count }, (_, place): number =>
    form === '1x1' && place === 2 ? 1 : 3,
  );
  return stack === 'small' ? small : [small.reduce((sees, kernel) => sees + kernel - 1, 1)];
}

function build({ name, convs, form }: Network, options: BuildOptions) {
  const { classes, seed } = options;
  const { stack, width } = chosen(OPTIONS, options);
  const images = image(options);
  let x = images;
  convs.forEach((count, place) => {
    const filters = scaled(FILTERS[place] as number, width);
    for (const [index, kernel] of kernelsOf(count, form, stack).entries()) {
      const id = `${place + 1}_${index + 1}`;
      const settings = {
        name: `conv${id}`,
        filters,
        kernel,
        pad: (kernel - 1) / 2,
        kernelInitializer: he(kernel ** 2 * filters, seed, `conv${id}/kernel`),
      };
      if (form !== 'bn') x = convolution(x, { ...settings, activation: 'relu' });
      else x = relu(batchNorm(convolution(x, settings), { name: `bn${id}` }), `relu${id}`);
      if (form === 'lrn' && id === '1_1') x = localResponse(x, 'norm1');
    }
    x = maxPool(x, `pool${place + 1}`, 2, 2);
  });
  x = flatten(x);
  for (const number of DENSE) {
    const layer = `fc${number}`;
    const kernelInitializer = he(channelsOf(x), seed, `${layer}/kernel`);
    const units = scaled(4096, width);
    x = dense(x, { name: layer, units, activation: 'relu', kernelInitializer });
    x = dropout(x, `drop${number}`, 0.5);
  }
  const kernelInitializer = normal(0.01, seed, 'fc8/kernel');
  const logits = dense(x, { name: 'fc8', units: classes, kernelInitializer });
  return model({ inputs: images, outputs: logits, name });
}

/** torchvision numbers convolutions, normalisations, ReLUs and poolings in one sequence from 0. */
function torchvisionOf({ convs, form }: Network) {
  const each = form === 'bn' ? 3 : 2;
  const classifier: Record<string, string> = { 6: '0', 7: '3', 8: '6' };
  return (layer: string): string | undefined => {
    const [, word, stage, index] = /^(conv|bn|fc)(\d)(?:_(\d))?$/.exec(layer) ?? [];
    if (!word || !stage) return undefined;
    if (word === 'fc') return `classifier.${classifier[stage]}`;
    const poolings = Number(stage) - 1;
    const before = convs.slice(0, poolings).reduce((sum, count) => sum + count, 0);
    const place = (before + Number(index) - 1) * each + poolings;
    return `features.${word === 'bn' ? place + 1 : place}`;
  };
}

/** `conv3_2` is `block3_conv2`. */
function kerasLayer(layer: string): string | undefined {
  const dense: Record<string, string> = { fc6: 'fc1', fc7: 'fc2', fc8: 'predictions' };
  const [, block, number] = /^conv(\d)_(\d)$/.exec(layer) ?? [];
  return block ? `block${block}_conv${number}` : dense[layer];
}

/** Those that keras.applications has. */
const IN_KERAS = ['vgg16', 'vgg19'];

const PAPER_RECIPE = {
  ...TORCHVISION_RECIPE,
  opt: 'sgd-caffe' as const,
  epochs: 74,
  lrStepSize: 20,
  weightDecay: 5e-4,
  transform: VGG_TRANSFORM,
};

export const vggs: Architecture[] = NETWORKS.map((network) => {
  const { name, convs, form, parameters, macs, top1, top5 } = network;
  const paper = {
    title: 'Very Deep Convolutional Networks for Large-Scale Image Recognition',
    authors: 'Simonyan, Zisserman',
    year: 2014,
    url: 'https://arxiv.org/abs/1409.1556',
  };
  return {
    name,
    family: 'vgg',
    paper,
    size: 224,
    channels: 3,
    classes: 1000,
    parameters,
    macs,
    depth: convs.reduce((sum, count) => sum + count, DENSE.length + 1),
    published: { top1, top5, ...(form === 'bn' ? TORCHVISION : DENSELY) },
    options: OPTIONS,
    recipe: form === 'bn' ? TORCHVISION_NORM_RECIPE : PAPER_RECIPE,
    ...((!form || form === 'bn') && { torchvision: torchvisionOf(network) }),
    ...(IN_KERAS.includes(name) && { keras: { layer: kerasLayer, colours: 'BGR' as const } }),
    build: (options) => build(network, options),
  };
});
