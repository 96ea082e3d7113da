/**
 * LeNet-5. LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document
 * Recognition", Proceedings of the IEEE 86(11), 1998, section II-B and figure 2.
 *
 * What differs from the paper is in papers/lenet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { constant, uniform } from './blocks/initialisers.js';
import { chosen, type OptionTable } from './options/table.js';
import { averagePool, channelsOf, convolution, dense, flatten, image, maxPool } from './words.js';

// biome-ignore format: figure 2 of the paper, one stage a row
const STAGES = [
  { name: 'conv1', filters:  6, kernel: 5, pad: 2, pool: 'pool1' }, // C1, S2
  { name: 'conv2', filters: 16, kernel: 5, pad: 0, pool: 'pool2' }, // C3, S4
];
// biome-ignore format: C5, F6
const DENSE = [
  { name: 'fc3', units: 120 },
  { name: 'fc4', units:  84 },
];

// biome-ignore format: what later networks changed, one a row
const OPTIONS = {
  activation: { values: ['tanh', 'relu'], default: 'tanh', about: 'after every hidden layer' },
  pool: { values: ['average', 'max'], default: 'average', about: 'what takes a value from each 2×2 window' },
} as const satisfies OptionTable;

function build(options: BuildOptions) {
  const { activation, pool: kind } = chosen(OPTIONS, options);
  const images = image(options);
  let x = images;
  for (const { pool, ...stage } of STAGES) {
    const area = stage.kernel ** 2;
    const weights = glorot(stage.name, area * channelsOf(x), area * stage.filters, options.seed);
    x = convolution(x, { ...stage, activation, ...weights });
    x = kind === 'max' ? maxPool(x, pool, 2, 2) : averagePool(x, pool, 2, 2);
  }
  x = flatten(x);
  for (const layer of DENSE) {
    const weights = glorot(layer.name, channelsOf(x), layer.units, options.seed);
    x = dense(x, { ...layer, activation, ...weights });
  }
  const weights = glorot('fc5', channelsOf(x), options.classes, options.seed);
  const logits = dense(x, { name: 'fc5', units: options.classes, ...weights });
  return model({ inputs: images, outputs: logits, name: 'lenet5' });
}

/** Glorot and Bengio, 2010, equation 16: the usual choice for tanh. */
function glorot(layer: string, fanIn: number, fanOut: number, seed: number) {
  return {
    kernelInitializer: uniform(Math.sqrt(6 / (fanIn + fanOut)), seed, `${layer}/kernel`),
    biasInitializer: constant(0),
  };
}

export const lenet5: Architecture = {
  name: 'lenet5',
  family: 'lenet',
  paper: {
    title: 'Gradient-Based Learning Applied to Document Recognition',
    authors: 'LeCun, Bottou, Bengio, Haffner',
    year: 1998,
    url: 'https://doi.org/10.1109/5.726791',
  },
  size: 28,
  channels: 1,
  classes: 10,
  parameters: 61_706,
  macs: 416_520,
  depth: 5,
  published: {
    top1: 99.05,
    protocol: 'MNIST test, 60,000 training images without distortions',
    source: 'LeCun et al., 1998, section III-B',
  },
  options: OPTIONS,
  recipe: {
    epochs: 20,
    batchSize: 128,
    lr: 0.05,
    lrScheduler: 'cosine',
    lrStepSize: 10,
    lrGamma: 0.1,
    lrWarmupSteps: 0,
    momentum: 0.9,
    nesterov: false,
    weightDecay: 5e-4,
    decayBias: false,
    biasLrScale: 1,
    labelSmoothing: 0,
    transform: {
      train: { resize: 28, crop: 'random', size: 28, mirror: 0, pad: 2 },
      val: { resize: 28, crop: 'centre', size: 28, mirror: 0, pad: 0 },
    },
    // Of MNIST's training images.
    mean: [0.1307],
    std: [0.3081],
  },
  build,
};
