/**
 * A small textbook network for 28×28 images. Géron, "Hands-On Machine Learning with Scikit-Learn,
 * Keras, and TensorFlow", chapter 14, "CNN Architectures".
 *
 * What differs from the paper is in papers/simple-cnn.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { he, uniform } from './blocks/initialisers.js';
import { lenet5 } from './lenet5.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { channelsOf, convolution, dense, dropout, flatten, image, maxPool } from './words.js';

// biome-ignore format: one layer a row
const CONVOLUTIONS = [
  { name: 'conv1', filters:  64, kernel: 7, pool: 'pool1' },
  { name: 'conv2', filters: 128, kernel: 3 },
  { name: 'conv3', filters: 128, kernel: 3, pool: 'pool2' },
  { name: 'conv4', filters: 256, kernel: 3 },
  { name: 'conv5', filters: 256, kernel: 3, pool: 'pool3' },
];
const DENSE = [
  { name: 'fc6', units: 128, drop: 'drop6' },
  { name: 'fc7', units: 64, drop: 'drop7' },
];

const OPTIONS = { width: WIDTH } as const satisfies OptionTable;

function build(options: BuildOptions) {
  const { classes, seed } = options;
  const { width } = chosen(OPTIONS, options);
  const draw = (layer: string, fanIn: number) => ({
    kernelInitializer: he(fanIn, seed, `${layer}/kernel`),
  });
  const images = image(options);
  let x = images;
  for (const { pool, ...layer } of CONVOLUTIONS) {
    const weights = draw(layer.name, layer.kernel ** 2 * channelsOf(x));
    const form = { filters: scaled(layer.filters, width), pad: (layer.kernel - 1) / 2 };
    x = convolution(x, { ...layer, ...weights, ...form, activation: 'relu' });
    if (pool) x = maxPool(x, pool, 2, 2);
  }
  x = flatten(x);
  for (const { drop, ...layer } of DENSE) {
    const units = scaled(layer.units, width);
    x = dense(x, { ...layer, units, ...draw(layer.name, channelsOf(x)), activation: 'relu' });
    x = dropout(x, drop, 0.5);
  }
  // Keras's default, Glorot's uniform distribution.
  const limit = Math.sqrt(6 / (channelsOf(x) + classes));
  const kernelInitializer = uniform(limit, seed, 'fc8/kernel');
  const logits = dense(x, { name: 'fc8', units: classes, kernelInitializer });
  return model({ inputs: images, outputs: logits, name: 'simple-cnn' });
}

export const simpleCnn: Architecture = {
  name: 'simple-cnn',
  family: 'simple-cnn',
  paper: {
    title: 'Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow',
    authors: 'Géron',
    year: 2019,
    url: 'https://github.com/ageron/handson-ml3',
  },
  size: 28,
  channels: 1,
  classes: 10,
  parameters: 1_413_834,
  macs: 89_466_496,
  depth: 8,
  published: {
    top1: 92,
    protocol: 'Fashion-MNIST test, "over 92 %"',
    source: 'Géron, 2019, chapter 14',
  },
  options: OPTIONS,
  recipe: {
    ...lenet5.recipe,
    lr: 0.01,
    // Of Fashion-MNIST's training images.
    mean: [0.286],
    std: [0.353],
  },
  build,
};
