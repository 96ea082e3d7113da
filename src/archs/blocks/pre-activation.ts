/** The residual unit of He et al., 2016, figure 4e: normalisation and ReLU before each convolution. */
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import {
  add,
  averagePool,
  batchNorm,
  channelsOf,
  heConvolution,
  padChannels,
  relu,
} from '../words.js';
import type { Rows } from './residual.js';

interface PreActivation {
  name: string;
  block: Rows;
  filters: number;
  /** Of the first 3×3 convolution, and of the shortcut. */
  stride: number;
  /** How a shortcut changes shape: by zeros or by a convolution. */
  shortcut: 'zeros' | 'projection';
  /** The input already follows a normalisation and a ReLU. */
  activated?: boolean;
  seed: number;
}

export function preActivation(x: SymbolicTensor, settings: PreActivation): SymbolicTensor {
  const { name, block, filters, stride, activated = false, seed } = settings;
  const strided = block.findIndex(({ kernel }) => kernel === 3);
  let added = x;
  let y = x;
  block.forEach(({ kernel, widen }, place) => {
    const number = place + 1;
    if (!activated || place > 0) {
      y = relu(batchNorm(y, { name: `${name}.bn${number}` }), `${name}.relu${number}`);
    }
    if (place === 0) added = shortcut(x, y, settings);
    y = heConvolution(y, {
      name: `${name}.conv${number}`,
      filters: filters * widen,
      kernel,
      stride: place === strided ? stride : 1,
      seed,
    });
  });
  return add([y, added], `${name}.add`);
}

/** A projection sees what the first convolution sees. */
function shortcut(x: SymbolicTensor, activated: SymbolicTensor, settings: PreActivation) {
  const { block, stride, seed } = settings;
  const name = `${settings.name}.shortcut`;
  const filters = settings.filters * (block.at(-1)?.widen ?? 1);
  const missing = filters - channelsOf(x);
  if (missing === 0) return x;
  if (settings.shortcut === 'zeros') {
    return padChannels(averagePool(x, `${name}.pool`, 1, stride), `${name}.pad`, missing);
  }
  return heConvolution(activated, { name: `${name}.conv`, filters, kernel: 1, stride, seed });
}
