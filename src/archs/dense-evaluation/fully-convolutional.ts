import { type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Architecture } from '../architecture.js';
import { type DenseSize, inDenseForm } from './dense-form.js';

/**
 * The trained network of `form` for images (N, height, width, channels): its logits are the means
 * over all positions. It shares its weights with the trained one, which has to outlive it.
 */
export function fullyConvolutional(
  architecture: Architecture,
  { classes, channels }: { readonly classes: number; readonly channels: 1 | 3 },
  size: DenseSize,
): LayersModel {
  return inDenseForm(size, () => {
    const { inputs, outputs, name } = architecture.build({ classes, channels, size: 0, seed: 0 });
    const map = outputs[0] as SymbolicTensor;
    const logits = layers.globalAveragePooling2d({ name: 'positions' }).apply(map);
    return model({ inputs, outputs: logits as SymbolicTensor, name });
  });
}
