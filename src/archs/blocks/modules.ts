/**
 * The building blocks that textbooks compare, each on its own, for `cnn summary --module`. To add
 * one, add a row to MODULES; all convolutions have stride 1 and keep the image's size.
 */
import { input, type LayersModel, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import { add, channelsOf, concat, convolution, maxPool, relu } from '../words.js';
import { constant } from './initialisers.js';

interface Convolution {
  readonly name: string;
  /** Side of the square kernel. */
  readonly kernel: number;
  /** As many as the module's input has channels where absent. */
  readonly filters?: number;
  readonly groups?: number;
}

interface Pooling {
  readonly name: string;
  /** Side of the square window. */
  readonly pool: number;
}

export interface Module {
  readonly name: string;
  readonly about: string;
  /** Of the input, unless asked for otherwise. */
  readonly size: number;
  readonly channels: number;
  /** Run side by side on the input; an empty one is the input itself. */
  readonly branches: readonly (readonly (Convolution | Pooling)[])[];
  /** How the branches come together, where there are several. */
  readonly join?: 'concat' | 'add';
}

/**
 * Szegedy et al., "Going Deeper with Convolutions", 2014, figure 2, with the usual example's sizes.
 */
const INCEPTION = { size: 28, channels: 256, join: 'concat' } as const;
/**
 * Simonyan and Zisserman, 2014, section 2.3: stacks with the receptive field of one large filter.
 */
const STACK = { size: 56, channels: 64 };
/** He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015, figure 5. */
const RESIDUAL = { size: 56, join: 'add' } as const;
/** Krizhevsky, Sutskever, Hinton, 2012, figure 2: conv2 on one GPU or two. */
const ALEXNET_CONV2 = { size: 27, channels: 96 };

// biome-ignore format: a branch a row
export const MODULES: readonly Module[] = [
  { name: 'inception-naive', about: 'inception module, naïve version', ...INCEPTION, branches: [
    [{ name: '1x1', kernel: 1, filters: 128 }],
    [{ name: '3x3', kernel: 3, filters: 192 }],
    [{ name: '5x5', kernel: 5, filters: 96 }],
    [{ name: 'pool', pool: 3 }],
  ] },
  { name: 'inception', about: 'inception module with dimension reductions', ...INCEPTION, branches: [
    [{ name: '1x1', kernel: 1, filters: 128 }],
    [{ name: '3x3_reduce', kernel: 1, filters: 64 }, { name: '3x3', kernel: 3, filters: 192 }],
    [{ name: '5x5_reduce', kernel: 1, filters: 64 }, { name: '5x5', kernel: 5, filters: 96 }],
    [{ name: 'pool', pool: 3 }, { name: 'pool_proj', kernel: 1, filters: 64 }],
  ] },
  { name: '5x5', about: 'one 5×5 convolution', ...STACK, branches: [
    [{ name: 'conv', kernel: 5 }],
  ] },
  { name: '3x3-stack', about: 'two 3×3 convolutions, which see 5×5', ...STACK, branches: [
    [{ name: 'conv1', kernel: 3 }, { name: 'conv2', kernel: 3 }],
  ] },
  { name: '7x7', about: 'one 7×7 convolution', ...STACK, branches: [
    [{ name: 'conv', kernel: 7 }],
  ] },
  { name: '3x3-stack-of-3', about: 'three 3×3 convolutions, which see 7×7', ...STACK, branches: [
    [{ name: 'conv1', kernel: 3 }, { name: 'conv2', kernel: 3 }, { name: 'conv3', kernel: 3 }],
  ] },
  { name: 'residual-basic', about: "residual block of ResNet-34's", ...RESIDUAL, channels: 64, branches: [
    [{ name: 'conv1', kernel: 3 }, { name: 'conv2', kernel: 3 }],
    [],
  ] },
  { name: 'residual-bottleneck', about: "residual block of ResNet-50's", ...RESIDUAL, channels: 256, branches: [
    [{ name: 'conv1', kernel: 1, filters: 64 }, { name: 'conv2', kernel: 3, filters: 64 }, { name: 'conv3', kernel: 1 }],
    [],
  ] },
  { name: 'plain-convolution', about: "AlexNet's conv2 without groups", ...ALEXNET_CONV2, branches: [
    [{ name: 'conv', kernel: 5, filters: 256 }],
  ] },
  { name: 'grouped-convolution', about: "AlexNet's conv2 in two groups", ...ALEXNET_CONV2, branches: [
    [{ name: 'conv', kernel: 5, filters: 256, groups: 2 }],
  ] },
];

/** The module of this name; upper and lower case are the same. */
export function findModule(name: string): Module {
  const found = MODULES.find((module) => module.name === name.toLowerCase());
  if (found) return found;
  const names = MODULES.map((module) => module.name);
  throw new UsageError(
    `Unknown module "${name}".${didYouMean(name, names)} There are ${names.join(', ')}`,
  );
}

/** The module as a model on (N, size, size, channels). */
export function buildModule(
  { name, branches, join }: Module,
  { size, channels }: { size: number; channels: number },
): LayersModel {
  const images = input({ shape: [size, size, channels], name: 'input' });
  const ends = branches.map((branch) =>
    branch.reduce((x, layer, place) => {
      // A sum is taken before the activation.
      const linear = join === 'add' && place === branch.length - 1;
      return addLayer(x, layer, { channels, activation: linear ? 'linear' : 'relu' });
    }, images),
  );
  const [only, ...others] = ends as [SymbolicTensor, ...SymbolicTensor[]];
  if (others.length === 0) return model({ inputs: images, outputs: only, name });
  const outputs = join === 'add' ? relu(add(ends, 'add'), 'relu') : concat(ends, 'concat');
  return model({ inputs: images, outputs, name });
}

function addLayer(
  x: SymbolicTensor,
  layer: Convolution | Pooling,
  { channels, activation }: { channels: number; activation: 'linear' | 'relu' },
): SymbolicTensor {
  const { name } = layer;
  if ('pool' in layer) return maxPool(x, name, layer.pool, 1, { pad: (layer.pool - 1) / 2 });
  const { kernel, filters = channels, groups = 1 } = layer;
  if (channelsOf(x) % groups !== 0) {
    throw new UsageError(
      `Expected --in-channels that ${groups} groups can share but received ${channels}`,
    );
  }
  const pad = (kernel - 1) / 2;
  const kernelInitializer = constant(0);
  return convolution(x, { name, filters, kernel, groups, pad, activation, kernelInitializer });
}
