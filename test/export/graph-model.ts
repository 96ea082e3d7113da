/** Stock TensorFlow.js on what is written as a GraphModel. */

import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

type Files = Iterable<readonly [name: string, content: Uint8Array]>;

/** The model in files, opened as a browser opens them. */
export async function openGraphModel(files: Files): Promise<GraphModel> {
  const contents = new Map(files);
  const json = JSON.parse(Buffer.from(contents.get('model.json') ?? []).toString());
  const { paths, weights } = json.weightsManifest[0];
  const parts: Uint8Array[] = paths.map((path: string) => contents.get(path));
  return loadGraphModel({
    load: async () => ({
      ...json,
      weightSpecs: weights,
      weightData: new Uint8Array(Buffer.concat(parts)).buffer,
    }),
  });
}

/** Its outputs for images. */
export async function predictions(model: GraphModel, images: tf.Tensor): Promise<Float32Array> {
  const output = model.predict(images) as tf.Tensor;
  const values = (await output.data()) as Float32Array;
  tf.dispose(output);
  return values;
}
