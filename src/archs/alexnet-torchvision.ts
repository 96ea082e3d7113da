/**
 * The one-tower AlexNet of Krizhevsky, "One weird trick for parallelizing convolutional neural
 * networks", 2014, as torchvision has it (torchvision/models/alexnet.py).
 *
 * What differs from the paper is in papers/alexnet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { pytorch } from './blocks/initialisers.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { TORCHVISION_RECIPE } from './recipes.js';
import {
  adaptiveAveragePool,
  channelsOf,
  convolution,
  dense,
  dropout,
  flatten,
  image,
  maxPool,
} from './words.js';

// biome-ignore format: torchvision's `features`, one layer a row
const CONVOLUTIONS = [
  { name: 'conv1', filters:  64, kernel: 11, stride: 4, pad: 2, pool: 'pool1' },
  { name: 'conv2', filters: 192, kernel:  5, stride: 1, pad: 2, pool: 'pool2' },
  { name: 'conv3', filters: 384, kernel:  3, stride: 1, pad: 1 },
  { name: 'conv4', filters: 256, kernel:  3, stride: 1, pad: 1 },
  { name: 'conv5', filters: 256, kernel:  3, stride: 1, pad: 1, pool: 'pool5' },
];
const DENSE = [
  { name: 'fc6', units: 4096, drop: 'drop6' },
  { name: 'fc7', units: 4096, drop: 'drop7' },
];

const OPTIONS = { width: WIDTH } as const satisfies OptionTable;

function build(options: BuildOptions) {
  const { width } = chosen(OPTIONS, options);
  const draw = (layer: string, fanIn: number) => pytorch(fanIn, options.seed, layer);
  const images = image(options);
  let x = images;
  for (const { pool, ...layer } of CONVOLUTIONS) {
    const weights = draw(layer.name, layer.kernel ** 2 * channelsOf(x));
    const filters = scaled(layer.filters, width);
    x = convolution(x, { ...layer, ...weights, filters, activation: 'relu' });
    if (pool) x = maxPool(x, pool, 3, 2);
  }
  // The same weights fit at every image size; at 224 there is nothing to do.
  x = adaptiveAveragePool(x, 'avgpool', 6);
  x = flatten(x);
  for (const { drop, ...layer } of DENSE) {
    x = dropout(x, drop, 0.5);
    const units = scaled(layer.units, width);
    x = dense(x, { ...layer, units, ...draw(layer.name, channelsOf(x)), activation: 'relu' });
  }
  const weights = draw('fc8', channelsOf(x));
  const logits = dense(x, { name: 'fc8', units: options.classes, ...weights });
  return model({ inputs: images, outputs: logits, name: 'alexnet-torchvision' });
}

// biome-ignore format: ours and torchvision's places in its two Sequentials
const MODULES: ReadonlyMap<string, string> = new Map([
  ['conv1', 'features.0'], ['conv2', 'features.3'], ['conv3', 'features.6'], ['conv4', 'features.8'], ['conv5', 'features.10'],
  ['fc6', 'classifier.1'], ['fc7', 'classifier.4'], ['fc8', 'classifier.6'],
]);

export const alexnetTorchvision: Architecture = {
  name: 'alexnet-torchvision',
  family: 'alexnet',
  paper: {
    title: 'One weird trick for parallelizing convolutional neural networks',
    authors: 'Krizhevsky',
    year: 2014,
    url: 'https://arxiv.org/abs/1404.5997',
  },
  size: 224,
  channels: 3,
  classes: 1000,
  parameters: 61_100_840,
  macs: 714_188_480,
  depth: 8,
  published: {
    top1: 56.522,
    top5: 79.066,
    protocol: 'ILSVRC-2012 val, centre crop (torchvision)',
    source: 'torchvision’s table of weights',
  },
  options: OPTIONS,
  recipe: TORCHVISION_RECIPE,
  torchvision: (layer) => MODULES.get(layer),
  build,
};
