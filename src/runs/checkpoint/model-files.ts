import { type LayersModel, version_layers as version } from '@tensorflow/tfjs-layers';
import { MODEL, WEIGHTS } from './layout.js';
import { type NamedTensor, valuesOf } from './tensor-values.js';

/** The files of a stock tfjs model, model.json and weights.bin in float32, by name. */
export async function modelFiles(model: LayersModel): Promise<[string, Uint8Array][]> {
  const weights: Uint8Array[] = [];
  for await (const values of valuesOf(weightsOf(model))) weights.push(values.slice());
  return [
    [MODEL, modelJson(model)],
    [WEIGHTS, Buffer.concat(weights)],
  ];
}

/** The weights in the order in which weights.bin has them. */
export function weightsOf(model: LayersModel): NamedTensor[] {
  const values = model.getWeights();
  return model.weights.map(({ originalName: name }, index) => {
    return { name, tensor: values[index] as (typeof values)[number] };
  });
}

/** The content of model.json, as tfjs writes it. */
export function modelJson(model: LayersModel): Uint8Array {
  const weights = weightsOf(model).map(({ name, tensor: { shape, dtype } }) => {
    return { name, shape, dtype };
  });
  const json = {
    modelTopology: model.toJSON(null, false),
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${version}`,
    convertedBy: null,
    weightsManifest: [{ paths: [WEIGHTS], weights }],
  };
  return new TextEncoder().encode(`${JSON.stringify(json)}\n`);
}
