/** The form of the recipes that `--recipe` names beside that of the paper. */
import type { Architecture, Published } from '../../archs/architecture.js';
import type { OptionName, Value } from '../options/index.js';

/** A setting, and where it is from. */
export type Entry = readonly [option: OptionName, value: Value, source: string];

/** Settings of a group of networks. */
export interface NamedRecipe {
  /** Networks that it is for, in words. */
  readonly networks: string;
  readonly takes: (architecture: Architecture) => boolean;
  /** In place of those of the network's paper. */
  readonly settings: readonly Entry[];
  /** A learning rate in proportion to the images of an update, which is `lr` for `batchSize` of them. */
  readonly rate?: { readonly lr: number; readonly batchSize: number; readonly source: string };
  /** What networks reach by it, where that was published. */
  readonly published: Readonly<Record<string, Published>>;
}

/** Networks for photographs, of 1,000 classes in their papers. */
export function isForImageNet({ classes }: Architecture): boolean {
  return classes === 1000;
}

const WITHOUT_NORM = /^(alexnet|vgg\d+(-lrn|-1x1)?$|nin$|googlenet$)/;

/** Whether a network has batch normalisation. */
export function isNormalised({ name }: Architecture): boolean {
  return !WITHOUT_NORM.test(name);
}
