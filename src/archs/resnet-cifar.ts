/**
 * ResNets and plain networks for 32×32 images. He, Zhang, Ren, Sun, "Deep Residual Learning for
 * Image Recognition", 2015, section 4.2: 6n + 2 layers in three stages, shortcuts without
 * parameters (option A).
 *
 * What differs from the paper is in papers/resnet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { pytorch } from './blocks/initialisers.js';
import { BASIC, convNorm, residual, SHORTCUT } from './blocks/residual.js';
import { chosen, type OptionTable } from './options/table.js';
import { scaled, WIDTH } from './options/width.js';
import { CIFAR_RECIPE } from './recipes.js';
import { RESNET_PAPER } from './resnet.js';
import { channelsOf, dense, globalAveragePool, image, relu } from './words.js';

const FILTERS = [16, 32, 64];

// biome-ignore format: table 6 of the paper; multiply-adds of networks of n blocks a stage
const NETWORKS = [
  { name: 'resnet20-cifar',  depth:  20, parameters:   269_722, macs:  40_551_040, top1: 91.25 },
  { name: 'resnet32-cifar',  depth:  32, parameters:   464_154, macs:  68_862_592, top1: 92.49 },
  { name: 'resnet44-cifar',  depth:  44, parameters:   658_586, macs:  97_174_144, top1: 92.83 },
  { name: 'resnet56-cifar',  depth:  56, parameters:   853_018, macs: 125_485_696, top1: 93.03 },
  { name: 'resnet110-cifar', depth: 110, parameters: 1_727_962, macs: 252_887_680, top1: 93.57, lrWarmupSteps: 400 },
  { name: 'plain20-cifar',   depth:  20, parameters:   269_722, macs:  40_551_040 },
  { name: 'plain32-cifar',   depth:  32, parameters:   464_154, macs:  68_862_592 },
  { name: 'plain44-cifar',   depth:  44, parameters:   658_586, macs:  97_174_144 },
  { name: 'plain56-cifar',   depth:  56, parameters:   853_018, macs: 125_485_696 },
];

const PLAIN_OPTIONS = { width: WIDTH } as const satisfies OptionTable;
const OPTIONS = {
  shortcut: { ...SHORTCUT, default: 'A' },
  width: WIDTH,
} as const satisfies OptionTable;

function isPlain(name: string): boolean {
  return name.startsWith('plain');
}

function build(name: string, depth: number, options: BuildOptions) {
  const { seed } = options;
  const { shortcut: kind, width } = chosen(OPTIONS, options);
  const shortcut = isPlain(name) ? 'none' : kind;
  const images = image(options);
  const stem = { filters: scaled(16, width), kernel: 3, seed };
  let x = convNorm(images, { name: 'conv1', norm: 'bn1', ...stem });
  x = relu(x, 'relu1');
  FILTERS.forEach((count, stage) => {
    const filters = scaled(count, width);
    for (let index = 1; index <= (depth - 2) / 6; index++) {
      const stride = stage > 0 && index === 1 ? 2 : 1;
      const block = { name: `conv${stage + 2}_${index}`, block: BASIC, filters, stride };
      x = residual(x, { ...block, strided: 0, shortcut, seed });
    }
  });
  x = globalAveragePool(x, 'pool4');
  const weights = pytorch(channelsOf(x), seed, 'fc');
  const logits = dense(x, { name: 'fc', units: options.classes, ...weights });
  return model({ inputs: images, outputs: logits, name });
}

/** At a tenth of the rate. */
export function warmUp(lrWarmupSteps: number) {
  return { lrWarmupSteps, lrWarmupMethod: 'constant', lrWarmupDecay: 0.1 } as const;
}

export const cifarResnets: Architecture[] = NETWORKS.map((network) => {
  const { name, depth, parameters, macs, top1, lrWarmupSteps = 0 } = network;
  return {
    name,
    family: 'resnet',
    paper: RESNET_PAPER,
    size: 32,
    channels: 3,
    classes: 10,
    parameters,
    macs,
    depth,
    ...(top1 && {
      published: { top1, protocol: 'CIFAR-10 test', source: 'He et al., 2015, table 6' },
    }),
    options: isPlain(name) ? PLAIN_OPTIONS : OPTIONS,
    recipe: lrWarmupSteps === 0 ? CIFAR_RECIPE : { ...CIFAR_RECIPE, ...warmUp(lrWarmupSteps) },
    build: (options) => build(name, depth, options),
  };
});
