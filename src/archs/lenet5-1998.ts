/**
 * LeNet-5 as printed. LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document
 * Recognition", Proceedings of the IEEE 86(11), 1998, section II-B, figure 2 and table I: 32×32
 * images, partly connected C3, trained subsampling, 1.7159 tanh(2x/3), weights from U(±2.4 /
 * fan-in) and grey levels of -0.1 to 1.175.
 *
 * What differs from the paper is in papers/lenet.ts.
 */
import { model } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { uniform } from './blocks/initialisers.js';
import { lenet5 } from './lenet5.js';
import { chosen, type OptionTable } from './options/table.js';
import {
  channelsOf,
  convolution,
  dense,
  flatten,
  image,
  partialConvolution,
  scaledTanh,
  subsampling,
} from './words.js';

/** The maps of S2 (rows) that each map of C3 (columns) sees. */
const TABLE_I = [
  'X...XXX..XXXX.XX',
  'XX...XXX..XXXX.X',
  'XXX...XXX..X.XXX',
  '.XXX..XXXX..X.XX',
  '..XXX..XXXX.XX.X',
  '...XXX..XXXX.XXX',
];
const CONNECTIONS = Array.from({ length: 16 }, (_, column) =>
  TABLE_I.flatMap((row, map) => (row[column] === 'X' ? [map] : [])),
);

// biome-ignore format: figure 2, one layer a row
const LAYERS = [
  { name: 'c1', maps: 6 },                    // 28×28
  { name: 's2' },                             // 14×14
  { name: 'c3', connections: CONNECTIONS },   // 10×10
  { name: 's4' },                             //   5×5
  { name: 'c5', maps: 120 },                  //   1×1
];

const OPTIONS = {
  c3: {
    values: ['table', 'full'],
    default: 'table',
    about: 'the maps of S2 that each map of C3 sees: those of table I or all',
  },
} as const satisfies OptionTable;

function build(options: BuildOptions) {
  const { classes, seed } = options;
  const { c3 } = chosen(OPTIONS, options);
  const draw = (layer: string, fanIn: number) => ({
    kernelInitializer: uniform(2.4 / fanIn, seed, `${layer}/kernel`),
    biasInitializer: uniform(2.4 / fanIn, seed, `${layer}/bias`),
  });
  const images = image(options);
  let x = images;
  for (const { name, maps, connections: table } of LAYERS) {
    const connections = c3 === 'full' ? table?.map(() => TABLE_I.map((_, map) => map)) : table;
    if (maps) {
      const weights = draw(name, 25 * channelsOf(x));
      x = convolution(x, { name, filters: maps, kernel: 5, ...weights });
    } else if (connections) {
      const weights = draw(name, (25 * connections.flat().length) / connections.length);
      x = partialConvolution(x, { name, connections, kernel: 5, ...weights });
    } else {
      const { kernelInitializer: coefficientInitializer, biasInitializer } = draw(name, 4);
      x = subsampling(x, { name, size: 2, coefficientInitializer, biasInitializer });
    }
    x = scaledTanh(x, `${name}.tanh`);
  }
  x = flatten(x);
  x = dense(x, { name: 'f6', units: 84, ...draw('f6', channelsOf(x)) });
  x = scaledTanh(x, 'f6.tanh');
  const logits = dense(x, { name: 'output', units: classes, ...draw('output', channelsOf(x)) });
  return model({ inputs: images, outputs: logits, name: 'lenet5-1998' });
}

export const lenet51998: Architecture = {
  ...lenet5,
  name: 'lenet5-1998',
  size: 32,
  parameters: 60_850,
  macs: 326_520,
  depth: 7,
  options: OPTIONS,
  recipe: {
    ...lenet5.recipe,
    weightDecay: 0,
    transform: {
      train: { resize: 28, crop: 'random', size: 32, mirror: 0, pad: 4 },
      val: { resize: 28, crop: 'centre', size: 32, mirror: 0, pad: 2 },
    },
    mean: [0.1 / 1.275],
    std: [1 / 1.275],
  },
  build,
};
