/** The network, by the stock library: TensorFlow.js in WebAssembly. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import type { Description } from '../../../export/description.js';
import type { GraphNode, ModelJson } from '../messages.js';
import { inputOf } from './see.js';

/** The library wants an address of each; it fetches the second, because there are no threads. */
const BINARIES = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
];

export interface Network {
  readonly model: GraphModel;
  readonly description: Description;
  readonly nodes: readonly GraphNode[];
}

/** Throws where the browser has no WebAssembly with SIMD. */
export async function openNetwork(
  json: ModelJson,
  weights: ArrayBuffer,
  wasm: ArrayBuffer,
): Promise<Network> {
  await startBackend(wasm);
  const model = await loadGraphModel({
    load: async () => ({
      ...(json as object),
      weightSpecs: json.weightsManifest.flatMap((group) => group.weights) as never,
      weightData: weights,
    }),
  });
  return { model, description: json.userDefinedMetadata, nodes: json.modelTopology.node };
}

/** The library asks for its WebAssembly by an address; the page has the bytes already. */
async function startBackend(wasm: ArrayBuffer): Promise<void> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
    throw new Error('This browser has no WebAssembly with SIMD: use one of 2023 or newer');
  }
  tf.env().platform.fetch = async () => new Response(wasm);
  setWasmPaths(Object.fromEntries(BINARIES.map((name) => [name, name])), true);
  if (await tf.setBackend('wasm')) return;
  throw new Error('This browser does not start WebAssembly: use another, or a newer one');
}

/** What nodes make of images (size, size, channels); each result is the caller's to dispose. */
export function outputsOf(
  { model, description }: Network,
  images: readonly Uint8Array[],
  names: readonly string[],
): tf.Tensor[] {
  const { name, height, width, channels } = description.input;
  return tf.tidy(() => {
    const size = height * width * channels;
    const isWhole = description.input.values.startsWith('pixels');
    const all = new (isWhole ? Int32Array : Float32Array)(images.length * size);
    for (const [at, seen] of images.entries()) all.set(inputOf(description, seen), at * size);
    const type = isWhole ? 'int32' : 'float32';
    const input = tf.tensor4d(all, [images.length, height, width, channels], type);
    const outputs = model.execute({ [name]: input }, [...names]);
    return Array.isArray(outputs) ? outputs : [outputs];
  });
}

/** The probabilities of each class for images. */
export function probabilitiesOf(network: Network, images: readonly Uint8Array[]): Float64Array[] {
  const { output, classes } = network.description;
  const [result] = outputsOf(network, images, [output.name]);
  const values = (result as tf.Tensor).dataSync() as Float32Array;
  tf.dispose(result);
  return images.map((_, at) => {
    const row = values.subarray(at * classes.length, (at + 1) * classes.length);
    return output.values === 'probabilities' ? Float64Array.from(row) : softmax(row);
  });
}

function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
