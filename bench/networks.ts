import type { Cell } from './results.js';

type Work = Pick<Cell, 'arch' | 'batch_size'>;

/**
 * What `bench:all` measures, in the order of the table in docs/performance.md; GoogLeNet without
 * its heads.
 */
// biome-ignore format: a table
export const NETWORKS: readonly Work[] = [
  { arch: 'lenet5',              batch_size: 128 },
  { arch: 'alexnet',             batch_size: 64 },
  { arch: 'alexnet-torchvision', batch_size: 64 },
  { arch: 'vgg16',               batch_size: 8 },
  { arch: 'googlenet',           batch_size: 16 },
  { arch: 'resnet18',            batch_size: 32 },
  { arch: 'resnet50',            batch_size: 16 },
  { arch: 'densenet121',         batch_size: 16 },
];

/** One network of each family, at a batch that two cores train in seconds on any library. */
// biome-ignore format: a table
export const FAMILIES: readonly Work[] = [
  { arch: 'lenet5',      batch_size: 128 },
  { arch: 'alexnet',     batch_size: 16 },
  { arch: 'vgg11',       batch_size: 4 },
  { arch: 'nin',         batch_size: 16 },
  { arch: 'googlenet',   batch_size: 8 },
  { arch: 'resnet18',    batch_size: 8 },
  { arch: 'densenet121', batch_size: 4 },
];

export const PRECISIONS = ['f32', 'bf16'] as const;

/** What `bench:all --eval` measures of each network, in float32: answers one by one, and in batches. */
export const EVALUATION_BATCHES = [1, 16, 64] as const;
