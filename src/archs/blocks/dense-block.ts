/** Dense blocks (section 3 of the paper), as the ImageNet and the CIFAR networks use them. */
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import {
  averagePool,
  batchNorm,
  channelsOf,
  concat,
  dense,
  globalAveragePool,
  heConvolution,
  relu,
} from '../words.js';
import { pytorch } from './initialisers.js';

/** The option of a network whose layers add `growth` maps each. */
export function growthOption(growth: number) {
  const about = 'k, the maps that each layer adds (section 3)';
  return { about, atLeast: 1, atMost: 256, integer: true, default: growth } as const;
}

export interface DenseNet {
  /** Layers of each dense block. */
  blocks: readonly number[];
  /** k: the maps that a layer adds. */
  growth: number;
  /** A 1×1 convolution to 4k maps before each 3×3 (-B). */
  bottleneck: boolean;
  /** θ: the share of maps that a transition keeps (-C). */
  compression: number;
  classes: number;
  seed: number;
}

/** Dense blocks with transitions between them, and the classifier: all that follows the stem. */
export function denseNet(stem: SymbolicTensor, settings: DenseNet): SymbolicTensor {
  const { blocks, compression, classes, seed } = settings;
  let x = stem;
  blocks.forEach((layers, place) => {
    const number = place + 1;
    for (let layer = 1; layer <= layers; layer++) {
      x = denseLayer(x, `dense${number}_${layer}`, settings);
    }
    if (number === blocks.length) return;
    const name = `transition${number}`;
    const filters = Math.floor(compression * channelsOf(x));
    x = normReluConv(x, { name, filters, kernel: 1, seed });
    x = averagePool(x, `${name}.pool`, 2, 2);
  });
  const last = blocks.length + 1;
  x = relu(batchNorm(x, { name: `bn${last}` }), `relu${last}`);
  x = globalAveragePool(x, `pool${last}`);
  const { kernelInitializer } = pytorch(channelsOf(x), seed, 'fc');
  return dense(x, { name: 'fc', units: classes, kernelInitializer });
}

/** The input followed by k new maps. */
function denseLayer(x: SymbolicTensor, name: string, { growth, bottleneck, seed }: DenseNet) {
  const rows = [
    ...(bottleneck ? [{ filters: 4 * growth, kernel: 1 }] : []),
    { filters: growth, kernel: 3 },
  ];
  const maps = rows.reduce(
    (y, row, place) => normReluConv(y, { name, number: place + 1, ...row, seed }),
    x,
  );
  return concat([x, maps], `${name}.concat`);
}

interface Unit {
  name: string;
  /** Its place among the convolutions of its layer, where there are several. */
  number?: number;
  filters: number;
  kernel: number;
  seed: number;
}

/** The composite function of section 3. */
function normReluConv(x: SymbolicTensor, { name, number, filters, kernel, seed }: Unit) {
  const part = (word: string) => `${name}.${word}${number ?? ''}`;
  const y = relu(batchNorm(x, { name: part('bn') }), part('relu'));
  return heConvolution(y, { name: part('conv'), filters, kernel, seed });
}
