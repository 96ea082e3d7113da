/**
 * Pre-activation ResNet. He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", 2016,
 * figure 1b and appendix: batch normalisation and ReLU come before each convolution, the stride is
 * in the 3×3 as in the authors' code (github.com/KaimingHe/resnet-1k-layers).
 *
 * What differs from the paper is in papers/preresnet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { pytorch } from './blocks/initialisers.js';
import { preActivation } from './blocks/pre-activation.js';
import { BOTTLENECK } from './blocks/residual.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { TORCH_RECIPE } from './recipes.js';
import {
  batchNorm,
  channelsOf,
  dense,
  globalAveragePool,
  heConvolution,
  image,
  maxPool,
  relu,
} from './words.js';

const FILTERS = [64, 128, 256, 512];

/** Protocol of the paper's table 5. */
const TABLE_5 = {
  protocol: 'ILSVRC-2012 val, one 320×320 crop',
  source: 'He et al., 2016, table 5',
};

// biome-ignore format: the stages of ResNet's table 1; -200 as in the appendix
const NETWORKS = [
  //              conv2_x conv3_x conv4_x conv5_x
  { depth:  50, blocks: [3,  4,  6, 3], parameters: 25_549_352, macs:  4_089_184_256 },
  { depth: 101, blocks: [3,  4, 23, 3], parameters: 44_541_480, macs:  7_801_405_440 },
  { depth: 152, blocks: [3,  8, 36, 3], parameters: 60_185_128, macs: 11_513_626_624, published: { top1: 78.9, top5: 94.5, ...TABLE_5 } },
  { depth: 200, blocks: [3, 24, 36, 3], parameters: 64_666_152, macs: 15_007_481_856, published: { top1: 79.3, top5: 94.7, ...TABLE_5 } },
];

const FORM = { block: BOTTLENECK, shortcut: 'projection' } as const;
const OPTIONS = { width: WIDTH } as const satisfies OptionTable;

function build(name: string, blocks: readonly number[], options: BuildOptions) {
  const { seed } = options;
  const { width } = chosen(OPTIONS, options);
  const images = image(options);
  const stem = { filters: scaled(64, width), kernel: 7, stride: 2, seed };
  let x = heConvolution(images, { name: 'conv1', ...stem });
  x = relu(batchNorm(x, { name: 'bn1' }), 'relu1');
  x = maxPool(x, 'pool1', 3, 2, { pad: 1 });
  blocks.forEach((count, stage) => {
    for (let index = 1; index <= count; index++) {
      const stride = stage > 0 && index === 1 ? 2 : 1;
      const filters = scaled(FILTERS[stage] as number, width);
      const name = `conv${stage + 2}_${index}`;
      // The very first block already follows a normalisation and a ReLU.
      const activated = name === 'conv2_1';
      x = preActivation(x, { ...FORM, name, filters, stride, activated, seed });
    }
  });
  x = relu(batchNorm(x, { name: 'bn5' }), 'relu5');
  x = globalAveragePool(x, 'pool5');
  const { kernelInitializer } = pytorch(channelsOf(x), seed, 'fc');
  const logits = dense(x, { name: 'fc', units: options.classes, kernelInitializer });
  return model({ inputs: images, outputs: logits, name });
}

export const PRERESNET_PAPER = {
  title: 'Identity Mappings in Deep Residual Networks',
  authors: 'He, Zhang, Ren, Sun',
  year: 2016,
  url: 'https://arxiv.org/abs/1603.05027',
};

export const preresnets: Architecture[] = NETWORKS.map((network) => {
  const { depth, blocks, ...facts } = network;
  const name = `preresnet${depth}`;
  return {
    ...facts,
    name,
    family: 'resnet',
    paper: PRERESNET_PAPER,
    size: 224,
    channels: 3,
    classes: 1000,
    depth,
    options: OPTIONS,
    recipe: TORCH_RECIPE,
    build: (options) => build(name, blocks, options),
  };
});
