import type { Cell } from './results.js';

/**
 * What `bench:all` measures, in the order of the table in docs/performance.md; GoogLeNet without
 * its heads.
 */
// biome-ignore format: a table
export const NETWORKS: readonly Pick<Cell, 'arch' | 'batch_size'>[] = [
  { arch: 'lenet5',              batch_size: 128 },
  { arch: 'alexnet',             batch_size: 64 },
  { arch: 'alexnet-torchvision', batch_size: 64 },
  { arch: 'vgg16',               batch_size: 8 },
  { arch: 'googlenet',           batch_size: 16 },
  { arch: 'resnet18',            batch_size: 32 },
  { arch: 'resnet50',            batch_size: 16 },
  { arch: 'densenet121',         batch_size: 16 },
];

export const PRECISIONS = ['f32', 'bf16'] as const;
