/** The parts of GoogLeNet: its convolutions, the inception module and the auxiliary heads. */
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { scaled } from '../options/width.js';
import {
  adaptiveAveragePool,
  averagePool,
  batchNorm,
  channelsOf,
  concat,
  convolution,
  dense,
  dropout,
  flatten,
  type Initialisers,
  maxPool,
  relu,
} from '../words.js';

/** How the variants differ. */
export interface Form {
  /** Batch normalisation instead of biases. */
  readonly norm: boolean;
  /** Side of the filters in the "5×5" branch. */
  readonly five: number;
  /** The heads' pooling is 4×4 at any size instead of 5×5 with stride 3. */
  readonly adaptive: boolean;
  /** Modules without convolutions that reduce the maps. */
  readonly naive: boolean;
  /** Multiplies the filters and hidden units. */
  readonly width: number;
  draw(layer: string, fanIn: number): Required<Initialisers>;
}

/** One row of table 1. */
export interface Widths {
  readonly one: number;
  readonly reduce3: number;
  readonly three: number;
  readonly reduce5: number;
  readonly five: number;
  readonly pool: number;
}

/** Figure 2: 1×1, 3×3 and 5×5 convolutions and a pooling side by side. */
export function inception(x: SymbolicTensor, name: string, widths: Widths, form: Form) {
  const { one, reduce3, three, reduce5, five, pool } = widths;
  const unit = (from: SymbolicTensor, part: string, filters: number, kernel: number) =>
    conv(from, { name: `${name}.${part}`, filters, kernel, pad: (kernel - 1) / 2 }, form);
  const reduce = (from: SymbolicTensor, part: string, filters: number) =>
    form.naive ? from : unit(from, part, filters, 1);
  const branches = [
    unit(x, '1x1', one, 1),
    unit(reduce(x, '3x3_reduce', reduce3), '3x3', three, 3),
    unit(reduce(x, '5x5_reduce', reduce5), '5x5', five, form.five),
    reduce(maxPool(x, `${name}.pool`, 3, 1, { pad: 1 }), 'pool_proj', pool),
  ];
  return concat(branches, `${name}.concat`);
}

/** Section 5: a classifier on the output of an inner module. */
export function auxiliaryHead(x: SymbolicTensor, name: string, classes: number, form: Form) {
  const [, height = 0, width = 0] = x.shape as number[];
  const adaptive = form.adaptive || Math.min(height, width) < 5;
  let y = adaptive
    ? adaptiveAveragePool(x, `${name}.pool`, 4)
    : averagePool(x, `${name}.pool`, 5, 3);
  y = conv(y, { name: `${name}.conv`, filters: 128, kernel: 1 }, form);
  y = flatten(y, `${name}.flatten`);
  const units = scaled(1024, form.width);
  y = full(y, { name: `${name}.fc1`, units, activation: 'relu' }, form);
  y = dropout(y, `${name}.drop`, 0.7);
  return full(y, { name: `${name}.fc2`, units: classes }, form);
}

interface Unit {
  name: string;
  filters: number;
  kernel: number;
  stride?: number;
  pad?: number;
}

/** A convolution with bias or batch normalisation, and ReLU. */
export function conv(x: SymbolicTensor, unwidened: Unit, form: Form): SymbolicTensor {
  const { norm, draw, width } = form;
  const unit = { ...unwidened, filters: scaled(unwidened.filters, width) };
  const { name, kernel } = unit;
  const weights = draw(name, kernel ** 2 * channelsOf(x));
  if (!norm) return convolution(x, { ...unit, ...weights, activation: 'relu' });
  const y = convolution(x, { ...unit, ...weights, bias: false });
  // The epsilon of torchvision and of the TensorFlow models that its weights come from.
  return relu(batchNorm(y, { name: `${name}.bn`, epsilon: 1e-3 }), `${name}.relu`);
}

interface Full {
  name: string;
  units: number;
  activation?: 'relu';
}

export function full(x: SymbolicTensor, layer: Full, { draw }: Form): SymbolicTensor {
  return dense(x, { ...layer, ...draw(layer.name, channelsOf(x)) });
}
