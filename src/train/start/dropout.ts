import type { LayersModel } from '@tensorflow/tfjs-layers';
import { UsageError } from '../../errors.js';

/** Sets the rate of the dropout layers, but not of those in auxiliary heads. */
export function setDropout(model: LayersModel, rate: number): void {
  const found = model.layers.filter(
    (layer) => layer.getClassName() === 'Dropout' && !layer.name.startsWith('aux'),
  );
  if (found.length === 0) {
    throw new UsageError(
      `Expected a network with dropout for --dropout ${rate} but ${model.name} has none`,
    );
  }
  // tfjs's types keep the rate to the layer.
  for (const layer of found) Object.assign(layer, { rate });
}
