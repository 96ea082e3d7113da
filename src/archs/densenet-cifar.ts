/**
 * DenseNets for 32×32 images. Huang, Liu, van der Maaten, Weinberger, "Densely Connected
 * Convolutional Networks", 2016, section 3 ("Implementation Details") and table 2: three dense
 * blocks with the same number of layers; L = 40, k = 12 and, with bottlenecks and compression
 * (-BC), L = 100, k = 12.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { denseNet, growthOption } from './blocks/dense-block.js';
import { DENSENET_PAPER } from './densenet.js';
import { chosen, type OptionTable } from './options/table.js';
import { CIFAR_RECIPE } from './recipes.js';
import { heConvolution, image } from './words.js';

// biome-ignore format: table 2, one network a row; the error on CIFAR-10 with augmentation
const NETWORKS = [
  { name: 'densenet40-k12',     depth:  40, layers: 12, bottleneck: false, compression: 1,   parameters: 1_019_722, macs: 264_812_928, top1: 94.76 },
  { name: 'densenet-bc100-k12', depth: 100, layers: 16, bottleneck: true,  compression: 0.5, parameters:   769_162, macs: 287_929_692, top1: 95.49 },
];

function optionsOf({ layers }: (typeof NETWORKS)[number]) {
  const about = 'layers of each of the three dense blocks';
  return {
    growth: growthOption(12),
    layers: { about, atLeast: 1, atMost: 64, integer: true, default: layers },
  } as const satisfies OptionTable;
}

function build(network: (typeof NETWORKS)[number], options: BuildOptions) {
  const { name, bottleneck, compression } = network;
  const { growth, layers } = chosen(optionsOf(network), options);
  const { classes, seed } = options;
  const images = image(options);
  const filters = bottleneck ? 2 * growth : 16;
  const x = heConvolution(images, { name: 'conv1', filters, kernel: 3, seed });
  const blocks = [layers, layers, layers];
  const logits = denseNet(x, { blocks, growth, bottleneck, compression, classes, seed });
  return model({ inputs: images, outputs: logits, name });
}

export const cifarDensenets: Architecture[] = NETWORKS.map((network) => ({
  name: network.name,
  family: 'densenet',
  paper: DENSENET_PAPER,
  size: 32,
  channels: 3,
  classes: 10,
  parameters: network.parameters,
  macs: network.macs,
  depth: network.depth,
  options: optionsOf(network),
  published: {
    top1: network.top1,
    protocol: 'CIFAR-10 test, augmented training',
    source: 'Huang et al., 2016, table 2',
  },
  recipe: { ...CIFAR_RECIPE, epochs: 300, batchSize: 64, nesterov: true },
  build: (options) => build(network, options),
}));
