/**
 * The catalogue of networks. To add one: write its family's file (the paper's table as data, built
 * with the functions of words.ts), its stages and what differs from the paper in papers/, and list it
 * here. Tests want its row in test/archs/table.ts
 * (parameters and multiply-adds), test/archs/recipes.ts (constants, from the paper) and
 * test/network/families.test.ts. Counts that the paper does not give come from `cnn summary`; the
 * test then keeps them.
 */

import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { alexnet, alexnet1gpu } from './alexnet.js';
import { alexnetTorchvision } from './alexnet-torchvision.js';
import type { Architecture } from './architecture.js';
import { densenets } from './densenet.js';
import { cifarDensenets } from './densenet-cifar.js';
import { googlenet, googlenetBn, googlenetTorchvision } from './googlenet.js';
import { lenet5 } from './lenet5.js';
import { lenet51998 } from './lenet5-1998.js';
import { nin, ninCifar } from './nin.js';
import { preresnets } from './preresnet.js';
import { cifarPreresnets } from './preresnet-cifar.js';
import { resnets } from './resnet.js';
import { cifarResnets } from './resnet-cifar.js';
import { simpleCnn } from './simple-cnn.js';
import { vggs } from './vgg.js';

export type { Architecture, BuildOptions, Published, Recipe } from './architecture.js';
export { TooManyWeights, withAtMostWeights, withoutDrawing } from './blocks/initialisers.js';
export { type LayerCost, layerCosts, modelCost, shapeText } from './count.js';
export { DenseForm } from './dense-evaluation/dense-form.js';
export { fullyConvolutional } from './dense-evaluation/fully-convolutional.js';
export * from './layers/index.js';
export { type ArchOption, describeValues } from './options/table.js';
export { titleOf, withOptions } from './options/with-options.js';
export { withOtherSize } from './other-size.js';
export { withUndrawn } from './undrawn.js';

/** Every network that `--arch` takes. */
export const architectures: readonly Architecture[] = [
  lenet5,
  lenet51998,
  simpleCnn,
  alexnet,
  alexnet1gpu,
  alexnetTorchvision,
  nin,
  ninCifar,
  ...vggs,
  googlenet,
  googlenetBn,
  googlenetTorchvision,
  ...resnets,
  ...preresnets,
  ...cifarResnets,
  ...cifarPreresnets,
  ...densenets,
  ...cifarDensenets,
];

/** The network that a family's bare name stands for, and second names. */
export const ALIASES: Readonly<Record<string, string>> = {
  lenet: 'lenet5',
  'lenet-5': 'lenet5',
  densenet: 'densenet121',
  resnet: 'resnet50',
  vgg: 'vgg16',
  'resnet18-torchvision': 'resnet18',
  'resnet34-torchvision': 'resnet34',
};

/** The network of this name; upper and lower case are the same, and so are `-` and `_`. */
export function findArchitecture(name: string): Architecture {
  const wanted = name.toLowerCase().replaceAll('_', '-');
  const found = architectures.find((entry) => entry.name === (ALIASES[wanted] ?? wanted));
  if (found) return found;
  const names = [...architectures.map((entry) => entry.name), ...Object.keys(ALIASES)];
  throw new UsageError(
    `Unknown network "${name}".${didYouMean(name, names)} \`cnn archs\` lists them all`,
  );
}
