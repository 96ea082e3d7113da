/** What was published of networks of the catalogue besides what their recipes say. */
import type { Published } from '../../archs/index.js';

const CAFFE = 'ILSVRC-2012 val, centre crop (Caffe’s model zoo)';
const TENSORPACK = 'ILSVRC-2012 val, centre crop (tensorpack)';

export interface Result extends Published {
  readonly network: string;
}

// biome-ignore format: one result a row
export const RESULTS: readonly Result[] = [
  { network: 'alexnet',      top1: 57.1,  top5: 80.2,  protocol: CAFFE, source: 'readme.md of Caffe’s bvlc_alexnet' },
  { network: 'googlenet',    top1: 68.7,  top5: 88.9,  protocol: CAFFE, source: 'readme.md of Caffe’s bvlc_googlenet' },
  { network: 'preresnet50',  top1: 75.88, top5: 92.87, protocol: TENSORPACK, source: 'README.md of tensorpack’s ResNet' },
  { network: 'preresnet101', top1: 77.11, top5: 93.46, protocol: TENSORPACK, source: 'README.md of tensorpack’s ResNet' },
];
