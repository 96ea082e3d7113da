import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { MODEL, WEIGHTS } from './layout.js';

/** The files of a stock tfjs model, model.json and weights.bin in float32, by name. */
export async function modelFiles(model: LayersModel): Promise<[string, Uint8Array][]> {
  const { json, weights } = await artifactsOf(model);
  return [
    [MODEL, json],
    [WEIGHTS, Buffer.concat(weights)],
  ];
}

/** Their contents; the weights in parts that make up one file. */
export async function artifactsOf(model: LayersModel) {
  const collected: tf.io.ModelArtifacts[] = [];
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      collected.push(artifacts);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, format, generatedBy, weightSpecs = [], weightData } = collected[0] ?? {};
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs }];
  const json = { modelTopology, format, generatedBy, convertedBy: null, weightsManifest };
  const buffers = Array.isArray(weightData) ? weightData : [weightData ?? new ArrayBuffer(0)];
  return {
    json: new TextEncoder().encode(`${JSON.stringify(json)}\n`),
    weights: buffers.map((buffer) => new Uint8Array(buffer)),
  };
}
