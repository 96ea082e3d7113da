/**
 * ResNet and the plain networks beside it. He, Zhang, Ren, Sun, "Deep Residual Learning for Image
 * Recognition", 2015 (CVPR 2016), table 1, figures 3 and 5; shortcuts that change the shape are
 * projections (option B). `-torchvision` has the stride in the 3×3 convolution instead of the first
 * 1×1, as torchvision/models/resnet.py; in ResNet-18 and -34 that is the same network.
 *
 * What differs from the paper is in papers/resnet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { pytorch } from './blocks/initialisers.js';
import { BASIC, BOTTLENECK, convNorm, residual, SHORTCUT } from './blocks/residual.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { RESNET_RECIPE, TORCHVISION_NORM_RECIPE } from './recipes.js';
import { channelsOf, dense, globalAveragePool, image, maxPool, relu } from './words.js';

const FILTERS = [64, 128, 256, 512];

// biome-ignore format: table 1 of the paper
const STAGES = {
  //                         conv2_x conv3_x conv4_x conv5_x
  18:  { block: BASIC,      blocks: [2,  2,  2,  2] },
  34:  { block: BASIC,      blocks: [3,  4,  6,  3] },
  50:  { block: BOTTLENECK, blocks: [3,  4,  6,  3] },
  101: { block: BOTTLENECK, blocks: [3,  4, 23,  3] },
  152: { block: BOTTLENECK, blocks: [3,  8, 36,  3] },
};

const TEN = { protocol: 'ILSVRC-2012 val, ten crops', source: 'He et al., 2015, tables 2 and 3' };
const TORCH = {
  protocol: 'ILSVRC-2012 val, centre crop (fb.resnet.torch)',
  source: 'fb.resnet.torch’s README.md',
};
const AUTHORS = {
  protocol: 'ILSVRC-2012 val, centre crop (the authors’ models)',
  source: 'README.md of KaimingHe/deep-residual-networks',
};
const TORCHVISION = {
  protocol: 'ILSVRC-2012 val, centre crop (torchvision)',
  source: 'torchvision’s table of weights',
};

// biome-ignore format: one network a row; accuracies in percent
const NETWORKS = [
  { name: 'resnet18',              depth:  18, parameters: 11_689_512, macs:  1_814_073_344, top1: 69.57,  top5: 89.24,  ...TORCH },
  { name: 'resnet34',              depth:  34, parameters: 21_797_672, macs:  3_663_761_408, top1: 73.27,  top5: 91.26,  ...TORCH },
  { name: 'resnet50',              depth:  50, parameters: 25_557_032, macs:  3_857_973_248, top1: 75.3,   top5: 92.2,   ...AUTHORS },
  { name: 'resnet101',             depth: 101, parameters: 44_549_160, macs:  7_570_194_432, top1: 76.4,   top5: 92.9,   ...AUTHORS },
  { name: 'resnet152',             depth: 152, parameters: 60_192_808, macs: 11_282_415_616, top1: 77.0,   top5: 93.3,   ...AUTHORS },
  { name: 'resnet50-torchvision',  depth:  50, parameters: 25_557_032, macs:  4_089_184_256, top1: 76.13,  top5: 92.862, ...TORCHVISION },
  { name: 'resnet101-torchvision', depth: 101, parameters: 44_549_160, macs:  7_801_405_440, top1: 77.374, top5: 93.546, ...TORCHVISION },
  { name: 'resnet152-torchvision', depth: 152, parameters: 60_192_808, macs: 11_513_626_624, top1: 78.312, top5: 94.046, ...TORCHVISION },
  { name: 'plain18',               depth:  18, parameters: 11_515_688, macs:  1_794_805_760, top1: 72.06,                ...TEN },
  { name: 'plain34',               depth:  34, parameters: 21_623_848, macs:  3_644_493_824, top1: 71.46,  top5: 89.98,  ...TEN },
] as const;

const PLAIN_OPTIONS = { width: WIDTH } as const satisfies OptionTable;
const OPTIONS = {
  shortcut: { ...SHORTCUT, default: 'B' },
  width: WIDTH,
} as const satisfies OptionTable;

function isPlain(name: string): boolean {
  return name.startsWith('plain');
}

function build({ name, depth }: (typeof NETWORKS)[number], options: BuildOptions) {
  const { seed } = options;
  const { shortcut, width } = chosen(OPTIONS, options);
  const { block, blocks } = STAGES[depth];
  const form = {
    block,
    strided: name.endsWith('-torchvision') ? block.findIndex(({ kernel }) => kernel === 3) : 0,
    shortcut: isPlain(name) ? ('none' as const) : shortcut,
    seed,
  };
  const images = image(options);
  const stem = { filters: scaled(64, width), kernel: 7, stride: 2, seed };
  let x = convNorm(images, { name: 'conv1', norm: 'bn1', ...stem });
  x = relu(x, 'relu1');
  x = maxPool(x, 'pool1', 3, 2, { pad: 1 });
  blocks.forEach((count, stage) => {
    for (let index = 1; index <= count; index++) {
      const stride = stage > 0 && index === 1 ? 2 : 1;
      const filters = scaled(FILTERS[stage] as number, width);
      x = residual(x, { ...form, name: `conv${stage + 2}_${index}`, filters, stride });
    }
  });
  x = globalAveragePool(x, 'pool5');
  const weights = pytorch(channelsOf(x), seed, 'fc');
  const logits = dense(x, { name: 'fc', units: options.classes, ...weights });
  return model({ inputs: images, outputs: logits, name });
}

/** `conv3_1.shortcut.bn` is `layer2.0.downsample.1`. */
function torchvision(layer: string): string | undefined {
  if (/^(conv1|bn1|fc)$/.test(layer)) return layer;
  const [, stage, index, part = ''] = /^conv(\d)_(\d+)\.(.+)$/.exec(layer) ?? [];
  const shortcuts: Record<string, string> = { conv: 'downsample.0', bn: 'downsample.1' };
  const name = /^(conv|bn)\d$/.test(part) ? part : shortcuts[part.replace('shortcut.', '')];
  return name && `layer${Number(stage) - 1}.${Number(index) - 1}.${name}`;
}

/** `conv3_1.bn2` is `conv3_block1_2_bn`; a shortcut has the number 0. */
function kerasLayer(layer: string): string | undefined {
  const others: Record<string, string> = {
    conv1: 'conv1_conv',
    bn1: 'conv1_bn',
    fc: 'predictions',
  };
  const [, stage, index, word, number = '0'] =
    /^conv(\d)_(\d+)\.(?:shortcut\.)?(conv|bn)(\d?)$/.exec(layer) ?? [];
  return stage ? `conv${stage}_block${index}_${number || '0'}_${word}` : others[layer];
}

/** Those that keras.applications has. */
const IN_KERAS = ['resnet50', 'resnet101', 'resnet152'];

export const RESNET_PAPER = {
  title: 'Deep Residual Learning for Image Recognition',
  authors: 'He, Zhang, Ren, Sun',
  year: 2015,
  url: 'https://arxiv.org/abs/1512.03385',
};

export const resnets: Architecture[] = NETWORKS.map((network) => {
  const { name, depth, parameters, macs, ...published } = network;
  const loads = name.endsWith('-torchvision') || name === 'resnet18' || name === 'resnet34';
  return {
    name,
    family: 'resnet',
    paper: RESNET_PAPER,
    size: 224,
    channels: 3,
    classes: 1000,
    parameters,
    macs,
    depth,
    published,
    options: isPlain(name) ? PLAIN_OPTIONS : OPTIONS,
    recipe: name.endsWith('-torchvision') ? TORCHVISION_NORM_RECIPE : RESNET_RECIPE,
    ...(loads && { torchvision }),
    ...(IN_KERAS.includes(name) && {
      keras: { layer: kerasLayer, colours: 'BGR' as const, biases: true },
    }),
    build: (options) => build(network, options),
  };
});
