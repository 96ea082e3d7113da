/**
 * Pre-activation ResNets for 32×32 images. He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual
 * Networks", 2016, section 4 and appendix: -164 has three stages of 18 bottlenecks and projections
 * where the shape changes, as in the authors' code (github.com/KaimingHe/resnet-1k-layers); the
 * others are the networks of resnet-cifar.ts in the new order, with zeros in their shortcuts.
 *
 * What differs from the paper is in papers/preresnet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { pytorch } from './blocks/initialisers.js';
import { preActivation } from './blocks/pre-activation.js';
import { BASIC, BOTTLENECK } from './blocks/residual.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { PRERESNET_PAPER } from './preresnet.js';
import { CIFAR_RECIPE } from './recipes.js';
import { warmUp } from './resnet-cifar.js';
import {
  batchNorm,
  channelsOf,
  dense,
  globalAveragePool,
  heConvolution,
  image,
  relu,
} from './words.js';

const FILTERS = [16, 32, 64];

// biome-ignore format: table 2 of the paper, "full pre-activation"
const NETWORKS = [
  { depth:  20, blocks:  3, block: BASIC,      parameters:   269_722, macs:  40_551_040 },
  { depth:  56, blocks:  9, block: BASIC,      parameters:   853_018, macs: 125_485_696 },
  { depth: 110, blocks: 18, block: BASIC,      parameters: 1_727_962, macs: 252_887_680, top1: 93.63 },
  { depth: 164, blocks: 18, block: BOTTLENECK, parameters: 1_703_258, macs: 247_646_720, top1: 94.54 },
];

const OPTIONS = { width: WIDTH } as const satisfies OptionTable;

function build({ depth, blocks, block }: (typeof NETWORKS)[number], options: BuildOptions) {
  const { seed } = options;
  const { width } = chosen(OPTIONS, options);
  const shortcut = block === BOTTLENECK ? 'projection' : 'zeros';
  const images = image(options);
  const stem = { filters: scaled(16, width), kernel: 3, seed };
  let x = heConvolution(images, { name: 'conv1', ...stem });
  FILTERS.forEach((count, stage) => {
    const filters = scaled(count, width);
    for (let index = 1; index <= blocks; index++) {
      const stride = stage > 0 && index === 1 ? 2 : 1;
      const name = `conv${stage + 2}_${index}`;
      x = preActivation(x, { name, block, filters, stride, shortcut, seed });
    }
  });
  x = relu(batchNorm(x, { name: 'bn4' }), 'relu4');
  x = globalAveragePool(x, 'pool4');
  const { kernelInitializer } = pytorch(channelsOf(x), seed, 'fc');
  const logits = dense(x, { name: 'fc', units: options.classes, kernelInitializer });
  return model({ inputs: images, outputs: logits, name: `preresnet${depth}-cifar` });
}

export const cifarPreresnets: Architecture[] = NETWORKS.map((network) => {
  const { depth, parameters, macs, top1 } = network;
  return {
    name: `preresnet${depth}-cifar`,
    family: 'resnet',
    paper: PRERESNET_PAPER,
    size: 32,
    channels: 3,
    classes: 10,
    ...{ parameters, macs, depth },
    ...(top1 && {
      published: {
        top1,
        protocol: 'CIFAR-10 test, median of 5 runs',
        source: 'He et al., 2016, table 2',
      },
    }),
    options: OPTIONS,
    recipe: { ...CIFAR_RECIPE, ...warmUp(400) },
    build: (options) => build(network, options),
  };
});
