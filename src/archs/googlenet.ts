/**
 * GoogLeNet. Szegedy et al., "Going Deeper with Convolutions", 2014 (CVPR 2015), table 1, figure 3
 * and section 5. `-bn` has batch normalisation after each convolution instead of biases and local
 * response normalisation. `-torchvision` is that with the departures of
 * torchvision/models/googlenet.py: 3×3 filters in the "5×5" branch, pool4 of 2×2, an adaptive 4×4
 * pooling in the heads, dropout 0.2.
 *
 * torchvision's *pretrained* weights expect images of mean 0.5 and deviation 0.5 (transform_input):
 * use them with `--mean 0.5 --std 0.5`. The recipe keeps the usual constants of ImageNet.
 *
 * What differs from the paper is in papers/googlenet.ts.
 */
import { model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { auxiliaryHead, conv, type Form, full, inception } from './blocks/inception.js';
import { constant, normal, pytorch, uniform } from './blocks/initialisers.js';
import { chosen, type OptionTable } from './options/table.js';
import { WIDTH } from './options/width.js';
import { GOOGLENET_RECIPE, TORCHVISION_NORM_RECIPE } from './recipes.js';
import { dropout, globalAveragePool, image, localResponse, maxPool } from './words.js';

// biome-ignore format: the columns of table 1, with the head or pooling that follows a module
const MODULES = [
  //         #1×1      #3×3 reduce   #3×3        #5×5 reduce  #5×5       pool proj
  { id: '3a', one:  64, reduce3:  96, three: 128, reduce5: 16, five:  32, pool:  32 },
  { id: '3b', one: 128, reduce3: 128, three: 192, reduce5: 32, five:  96, pool:  64, next: 'pool3' },
  { id: '4a', one: 192, reduce3:  96, three: 208, reduce5: 16, five:  48, pool:  64, head: 'aux1' },
  { id: '4b', one: 160, reduce3: 112, three: 224, reduce5: 24, five:  64, pool:  64 },
  { id: '4c', one: 128, reduce3: 128, three: 256, reduce5: 24, five:  64, pool:  64 },
  { id: '4d', one: 112, reduce3: 144, three: 288, reduce5: 32, five:  64, pool:  64, head: 'aux2' },
  { id: '4e', one: 256, reduce3: 160, three: 320, reduce5: 32, five: 128, pool: 128, next: 'pool4' },
  { id: '5a', one: 256, reduce3: 160, three: 320, reduce5: 32, five: 128, pool: 128 },
  { id: '5b', one: 384, reduce3: 192, three: 384, reduce5: 48, five: 128, pool: 128 },
];

const PAPER = { name: 'googlenet', norm: false, five: 5, adaptive: false, pool4: 3, drop: 0.4 };
const BN = { ...PAPER, name: 'googlenet-bn', norm: true };
const TORCHVISION = {
  name: 'googlenet-torchvision',
  norm: true,
  five: 3,
  adaptive: true,
  pool4: 2,
  drop: 0.2,
};

const OPTIONS = {
  inception: {
    values: ['reduced', 'naive'],
    default: 'reduced',
    about: 'modules with 1×1 convolutions that reduce the maps (figure 2b) or without (figure 2a)',
  },
  width: WIDTH,
} as const satisfies OptionTable;

function build(network: typeof PAPER, options: BuildOptions) {
  const { name, norm, drop } = network;
  const { inception: modules, width } = chosen(OPTIONS, options);
  const draw = network === TORCHVISION ? drawAsTorchvision : drawAsCaffe;
  const form: Form = {
    ...network,
    ...{ naive: modules === 'naive', width },
    draw: (...layer) => draw(options.seed, ...layer),
  };
  const images = image(options);
  let x = conv(images, { name: 'conv1', filters: 64, kernel: 7, stride: 2, pad: 3 }, form);
  x = maxPool(x, 'pool1', 3, 2, { ceil: true });
  if (!norm) x = localResponse(x, 'norm1');
  x = conv(x, { name: 'conv2.3x3_reduce', filters: 64, kernel: 1 }, form);
  x = conv(x, { name: 'conv2.3x3', filters: 192, kernel: 3, pad: 1 }, form);
  if (!norm) x = localResponse(x, 'norm2');
  x = maxPool(x, 'pool2', 3, 2, { ceil: true });
  const heads: SymbolicTensor[] = [];
  for (const { id, head, next, ...widths } of MODULES) {
    x = inception(x, `inception${id}`, widths, form);
    if (head && options.auxiliary) heads.push(auxiliaryHead(x, head, options.classes, form));
    if (next) x = maxPool(x, next, next === 'pool4' ? network.pool4 : 3, 2, { ceil: true });
  }
  x = dropout(globalAveragePool(x, 'pool5'), 'drop', drop);
  const logits = full(x, { name: 'fc', units: options.classes }, form);
  return model({ inputs: images, outputs: heads.length > 0 ? [logits, ...heads] : logits, name });
}

/** Caffe's "xavier" filler; biases of 0.2, but 0 for logits. */
function drawAsCaffe(seed: number, layer: string, fanIn: number) {
  return {
    kernelInitializer: uniform(Math.sqrt(3 / fanIn), seed, `${layer}/kernel`),
    biasInitializer: constant(/fc2?$/.test(layer) ? 0 : 0.2),
  };
}

function drawAsTorchvision(seed: number, layer: string, fanIn: number) {
  return {
    ...pytorch(fanIn, seed, layer),
    kernelInitializer: normal(0.01, seed, `${layer}/kernel`),
  };
}

/** `inception3a.3x3.bn` is `inception3a.branch2.1.bn`. */
function torchvision(layer: string): string | undefined {
  if (/^(fc|aux\d\.fc\d)$/.test(layer)) return layer;
  const [, unit = '', suffix = '.conv'] = /^(.+?)(\.bn)?$/.exec(layer) ?? [];
  const [, module = '', part = ''] = /^(?:(inception..|aux\d)\.)?(.+)$/.exec(unit) ?? [];
  const name = UNITS.get(part);
  return name && (module && `${module}.`) + name + suffix;
}

// biome-ignore format: one branch a row
const UNITS: ReadonlyMap<string, string> = new Map([
  ['conv1', 'conv1'], ['conv2.3x3_reduce', 'conv2'], ['conv2.3x3', 'conv3'], ['conv', 'conv'],
  ['1x1', 'branch1'],
  ['3x3_reduce', 'branch2.0'], ['3x3', 'branch2.1'],
  ['5x5_reduce', 'branch3.0'], ['5x5', 'branch3.1'],
  ['pool_proj', 'branch4.1'],
]);

const shared = {
  family: 'googlenet',
  paper: {
    title: 'Going Deeper with Convolutions',
    authors: 'Szegedy et al.',
    year: 2014,
    url: 'https://arxiv.org/abs/1409.4842',
  },
  size: 224,
  channels: 3 as const,
  classes: 1000,
  depth: 22,
  options: OPTIONS,
};

export const googlenet: Architecture = {
  ...shared,
  name: 'googlenet',
  parameters: 6_998_552,
  macs: 1_582_671_872,
  auxiliary: { weight: 0.3, parameters: 13_378_280, macs: 1_591_044_096 },
  published: {
    top5: 89.93,
    protocol: 'ILSVRC-2012 val, centre crop, one network',
    source: 'Szegedy et al., 2014, table 3',
  },
  recipe: GOOGLENET_RECIPE,
  build: (options) => build(PAPER, options),
};

export const googlenetBn: Architecture = {
  ...shared,
  name: 'googlenet-bn',
  parameters: 7_005_832,
  macs: 1_582_671_872,
  auxiliary: { weight: 0.3, parameters: 13_385_816, macs: 1_591_044_096 },
  recipe: TORCHVISION_NORM_RECIPE,
  build: (options) => build(BN, options),
};

export const googlenetTorchvision: Architecture = {
  ...shared,
  name: 'googlenet-torchvision',
  parameters: 6_624_904,
  macs: 1_498_376_192,
  auxiliary: { weight: 0.3, parameters: 13_004_888, macs: 1_506_748_416 },
  published: {
    top1: 69.778,
    top5: 89.53,
    protocol: 'ILSVRC-2012 val, centre crop (torchvision)',
    source: 'torchvision’s table of weights',
  },
  recipe: TORCHVISION_NORM_RECIPE,
  torchvision,
  build: (options) => build(TORCHVISION, options),
};
