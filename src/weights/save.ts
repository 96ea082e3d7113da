import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Architecture } from '../archs/index.js';
import { placesOf, reverseAxes } from './mapping.js';
import type { NamedTensor } from './write-safetensors.js';

/** The weights of a model under the names and in the orders that `loadWeightsFile` reads. */
export function namedTensors(model: LayersModel, architecture: Architecture): NamedTensor[] {
  return placesOf(model, architecture).map(({ name, shape, variable, order }) => ({
    name,
    shape,
    async read() {
      const values = await variable.read().data<'float32'>();
      return order === undefined ? values : reverseAxes(values, order);
    },
  }));
}
