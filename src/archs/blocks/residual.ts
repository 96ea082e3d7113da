/** The residual block of He et al., 2015, figure 5, in the ImageNet and the CIFAR networks. */
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import {
  add,
  averagePool,
  batchNorm,
  channelsOf,
  type HeConvolution,
  heConvolution,
  padChannels,
  relu,
} from '../words.js';

/** One convolution per row; it has `widen` times the filters of the stage. */
export type Rows = readonly { readonly kernel: number; readonly widen: number }[];

/** Figure 5, left. */
export const BASIC: Rows = [
  { kernel: 3, widen: 1 },
  { kernel: 3, widen: 1 },
];

/** Figure 5, right. */
export const BOTTLENECK: Rows = [
  { kernel: 1, widen: 1 },
  { kernel: 3, widen: 1 },
  { kernel: 1, widen: 4 },
];

export type Shortcut = (typeof SHORTCUT)['values'][number];

export const SHORTCUT = {
  values: ['A', 'B', 'C'],
  about:
    'shortcuts that change the shape: A zeros, B projections; C: all are projections (section 4.1)',
} as const;

interface Residual {
  name: string;
  block: Rows;
  filters: number;
  /** Of the convolution at place `strided` of the block, and of the shortcut. */
  stride: number;
  strided: number;
  /**
   * How a shortcut changes shape: by zeros (option A of section 4.1) or a projection (B); with C all
   * of them are projections. `none` is a plain network.
   */
  shortcut: Shortcut | 'none';
  seed: number;
}

/** Convolutions with batch normalisation, to which the input is added before the last ReLU. */
export function residual(x: SymbolicTensor, settings: Residual): SymbolicTensor {
  const { name, block, filters, strided, seed } = settings;
  let y = x;
  block.forEach(({ kernel, widen }, place) => {
    const number = place + 1;
    if (place > 0) y = relu(y, `${name}.relu${place}`);
    y = convNorm(y, {
      name: `${name}.conv${number}`,
      norm: `${name}.bn${number}`,
      filters: filters * widen,
      kernel,
      stride: place === strided ? settings.stride : 1,
      seed,
    });
  });
  if (settings.shortcut !== 'none') {
    y = add([y, shortcut(x, channelsOf(y), settings)], `${name}.add`);
  }
  return relu(y, `${name}.relu`);
}

function shortcut(x: SymbolicTensor, filters: number, settings: Residual): SymbolicTensor {
  const { stride, seed } = settings;
  const name = `${settings.name}.shortcut`;
  const missing = filters - channelsOf(x);
  if (missing === 0 && stride === 1 && settings.shortcut !== 'C') return x;
  if (settings.shortcut === 'A') {
    return padChannels(averagePool(x, `${name}.pool`, 1, stride), `${name}.pad`, missing);
  }
  return convNorm(x, {
    name: `${name}.conv`,
    norm: `${name}.bn`,
    filters,
    kernel: 1,
    stride,
    seed,
  });
}

/** A convolution with batch normalisation, named `norm`, in place of its bias. */
export function convNorm(
  x: SymbolicTensor,
  { norm, ...settings }: HeConvolution & { norm: string },
) {
  return batchNorm(heConvolution(x, settings), { name: norm });
}
