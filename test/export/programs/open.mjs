/**
 * Opens what was exported to a directory by stock TensorFlow.js, onnxruntime-web and Netron's reader;
 * nothing of cnn is loaded here. Prints how far their logits are from ours as JSON.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

const [directory = '', programs = '', netron = '', batch = '1'] = process.argv.slice(2);
const floats = async (name) => {
  const { buffer, byteOffset, byteLength } = await readFile(join(directory, name));
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
};
const [images, expected] = [await floats('images.f32'), await floats('logits.f32')];
const difference = (found) => {
  if (found.length !== expected.length) return Number.NaN;
  return found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at])), 0);
};

async function byTensorFlow() {
  const json = JSON.parse(await readFile(join(directory, 'graph/model.json'), 'utf8'));
  const [{ paths, weights: weightSpecs }] = json.weightsManifest;
  const shards = await Promise.all(paths.map((path) => readFile(join(directory, 'graph', path))));
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  const model = await loadGraphModel({ load: async () => ({ ...json, weightSpecs, weightData }) });
  const [, ...lengths] = model.inputs[0].shape;
  const output = model.predict(tf.tensor(images, [Number(batch), ...lengths]));
  return [await output.data(), lengths];
}

async function byOnnxRuntime([height, width, channels]) {
  const require = createRequire(pathToFileURL(resolve(programs, 'package.json')));
  const { InferenceSession, Tensor, env } = require('onnxruntime-web');
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(await readFile(join(directory, 'model.onnx')));
  const shape = [Number(batch), height, width, channels];
  const first = tf.transpose(tf.tensor(images, shape), [0, 3, 1, 2]);
  const input = new Tensor('float32', first.dataSync(), first.shape);
  const { logits } = await session.run({ image: input });
  return logits.data;
}

/** The number of nodes that it shows. */
async function byNetron() {
  const part = (name) => import(pathToFileURL(resolve(netron, `${name}.js`)).href);
  const [view, base] = await Promise.all([part('view'), part('base')]);
  const host = {
    environment: () => false,
    require: part,
    event: () => {},
    exception: (error) => {
      throw error;
    },
  };
  const bytes = new Uint8Array(await readFile(join(directory, 'model.onnx')));
  const model = await new view.ModelFactoryService(host).open({
    identifier: 'model.onnx',
    stream: new base.BinaryStream(bytes),
    tags: new Map(),
    entries: new Map(),
    require: part,
    error: host.exception,
    asset: (file) => readFile(resolve(netron, file), 'utf8'),
  });
  return model.modules[0].nodes.length;
}

const [logits, lengths] = await byTensorFlow();
const tensorflow = difference(logits);
const onnxruntime = difference(await byOnnxRuntime(lengths));
console.log(JSON.stringify({ tensorflow, onnxruntime, nodes: await byNetron() }));
