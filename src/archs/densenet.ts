/**
 * DenseNet. Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks",
 * 2016 (CVPR 2017), table 1: all of them are DenseNet-BC. DenseNet-161 comes from the authors'
 * repository. torchvision/models/densenet.py has the same networks.
 *
 * What differs from the paper is in papers/densenet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { denseNet, growthOption } from './blocks/dense-block.js';
import { chosen } from './options/table.js';
import { TORCH_RECIPE } from './recipes.js';
import { batchNorm, heConvolution, image, maxPool, relu } from './words.js';

const AUTHORS = { protocol: 'ILSVRC-2012 val, centre crop', source: 'Huang et al., 2016, table 3' };
const TORCHVISION = {
  protocol: 'ILSVRC-2012 val, centre crop (torchvision)',
  source: 'torchvision’s table of weights',
};

// biome-ignore format: table 1, one column a row here
const NETWORKS = [
  //              depth        layers of the dense blocks
  { depth: 121, blocks: [6, 12, 24, 16], growth: 32, parameters:  7_978_856, macs: 2_834_161_664, top1: 74.98,  top5: 92.29, ...AUTHORS },
  { depth: 161, blocks: [6, 12, 36, 24], growth: 48, parameters: 28_681_000, macs: 7_727_907_072, top1: 77.138, top5: 93.56, ...TORCHVISION },
  { depth: 169, blocks: [6, 12, 32, 32], growth: 32, parameters: 14_149_480, macs: 3_359_843_328, top1: 76.2,   top5: 93.15, ...AUTHORS },
  { depth: 201, blocks: [6, 12, 48, 32], growth: 32, parameters: 20_013_928, macs: 4_291_365_888, top1: 77.42,  top5: 93.66, ...AUTHORS },
  { depth: 264, blocks: [6, 12, 64, 48], growth: 32, parameters: 33_337_704, macs: 5_751_653_376, top1: 77.85,  top5: 93.88, ...AUTHORS },
];

type Network = Pick<(typeof NETWORKS)[number], 'blocks' | 'growth'> & { name: string };

function optionsOf({ growth }: Pick<Network, 'growth'>) {
  return { growth: growthOption(growth) };
}

function build(network: Network, options: BuildOptions) {
  const { name, blocks } = network;
  const { classes, seed } = options;
  const { growth } = chosen(optionsOf(network), options);
  const images = image(options);
  let x = heConvolution(images, { name: 'conv1', filters: 2 * growth, kernel: 7, stride: 2, seed });
  x = relu(batchNorm(x, { name: 'bn1' }), 'relu1');
  x = maxPool(x, 'pool1', 3, 2, { pad: 1 });
  const logits = denseNet(x, { blocks, growth, bottleneck: true, compression: 0.5, classes, seed });
  return model({ inputs: images, outputs: logits, name });
}

// biome-ignore format: ours and torchvision's, one a row
const MODULES: ReadonlyMap<string, string> = new Map([
  ['conv1', 'features.conv0'],
  ['bn1',   'features.norm0'],
  ['bn5',   'features.norm5'],
  ['fc',    'classifier'],
]);

/** `dense2_5.bn1` is `features.denseblock2.denselayer5.norm1`. */
function torchvision(layer: string): string | undefined {
  if (MODULES.has(layer)) return MODULES.get(layer);
  const [, block, place, word, number = ''] =
    /^(?:dense|transition)(\d)_?(\d*)\.(bn|conv)(\d?)$/.exec(layer) ?? [];
  if (!word) return undefined;
  const part = (word === 'bn' ? 'norm' : 'conv') + number;
  if (!place) return `features.transition${block}.${part}`;
  return `features.denseblock${block}.denselayer${place}.${part}`;
}

/** `dense2_5.bn1` is `conv3_block5_0_bn`, `transition1.conv` is `pool2_conv`. */
function kerasLayer(layer: string): string | undefined {
  const others: Record<string, string> = {
    conv1: 'conv1_conv',
    bn1: 'conv1_bn',
    bn5: 'bn',
    fc: 'predictions',
  };
  if (layer in others) return others[layer];
  const [, block, place, word, number] =
    /^(?:dense|transition)(\d)_?(\d*)\.(bn|conv)(\d?)$/.exec(layer) ?? [];
  if (!word) return undefined;
  const stage = Number(block) + 1;
  if (!place) return `pool${stage}_${word}`;
  // The normalisation before a convolution has the number before.
  return `conv${stage}_block${place}_${Number(number) - (word === 'bn' ? 1 : 0)}_${word}`;
}

/** Those that keras.applications has. */
const IN_KERAS = ['densenet121', 'densenet169', 'densenet201'];

export const DENSENET_PAPER = {
  title: 'Densely Connected Convolutional Networks',
  authors: 'Huang, Liu, van der Maaten, Weinberger',
  year: 2016,
  url: 'https://arxiv.org/abs/1608.06993',
};

export const densenets: Architecture[] = NETWORKS.map((network) => {
  const { depth, blocks, growth, parameters, macs, ...published } = network;
  const name = `densenet${depth}`;
  return {
    name,
    family: 'densenet',
    paper: DENSENET_PAPER,
    size: 224,
    channels: 3,
    classes: 1000,
    parameters,
    macs,
    depth,
    published,
    options: optionsOf(network),
    recipe: TORCH_RECIPE,
    // torchvision has no DenseNet-264.
    ...(depth !== 264 && { torchvision }),
    ...(IN_KERAS.includes(name) && { keras: { layer: kerasLayer, colours: 'RGB' as const } }),
    build: (options) => build({ name, blocks, growth }, options),
  };
});
