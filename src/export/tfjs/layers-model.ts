import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as own from '../../archs/layers/index.js';
import { modelFiles } from '../../runs/checkpoint/model-files.js';
import { withoutHeads } from '../main-output.js';

/** The files of a model that tf.loadLayersModel reads. */
export function layersModelFiles(model: LayersModel) {
  return modelFiles(withoutHeads(model));
}

/** The classes of its layers that stock TensorFlow.js lacks. */
export function ownClasses({ layers }: LayersModel): string[] {
  const registered = new Set<string>(Object.keys(own));
  // It goes by the stock class's name.
  registered.delete('BatchNormalization');
  const names = layers.map((layer) => layer.getClassName());
  return [...new Set(names)].filter((name) => registered.has(name)).sort();
}
