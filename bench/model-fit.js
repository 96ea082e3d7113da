/**
 * tfjs's own training of one of our networks, on TensorFlow's library: `model.fit` with the kernels
 * of tfjs-node as they are. In a process that stays, as own.js.
 *
 *     node bench/model-fit.js '{"arch": "lenet5", "batch-size": 128, "threads": 2}'
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../dist/archs/index.js';

const given = JSON.parse(process.argv[2] ?? '{}');
process.env.TF_CPP_MIN_LOG_LEVEL = '3';
process.env.TF_NUM_INTRAOP_THREADS = String(given.threads);
const load = createRequire(fileURLToPath(new URL('../build/tensorflow/', import.meta.url)));
const util = load('node:util');
Object.assign(util, { isNullOrUndefined: (value) => value == null, isArray: Array.isArray });
load('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js');
const { NodeJSKernelBackend } = load('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js');
const binding = load('./tfjs_binding.node');
tf.env().set('PROD', true);
tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, 'tfjs-node-gpu'));
await tf.setBackend('tensorflow');

const { build, channels, classes, size } = findArchitecture(given.arch);
const batchSize = given['batch-size'];
const model = build({ classes, size, channels, auxiliary: false, seed: 0 });
model.compile({
  optimizer: tf.train.momentum(1e-6, 0.9),
  loss: (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
});
const images = tf.randomUniform([batchSize, size, size, channels]);
const numbers = tf.tensor1d(
  Array.from({ length: batchSize }, (_, index) => index % classes),
  'int32',
);
const labels = tf.cast(tf.oneHot(numbers, classes), 'float32');
const train = () => model.fit(images, labels, { batchSize, epochs: 1, verbose: 0 });

process.stdout.write(`${JSON.stringify({ version: binding.TF_Version })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { warmup, steps, seconds = 0 } = JSON.parse(line);
  for (let step = 0; step < warmup; step++) await train();
  const times = [];
  const begin = performance.now();
  while (times.length < steps || performance.now() - begin < 1000 * seconds) {
    const before = performance.now();
    await train();
    times.push(performance.now() - before);
  }
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  const answer = {
    steps: times.length,
    images_per_second: (1000 * batchSize) / median,
    milliseconds_per_step: median,
    peak_resident_bytes: 1024 * process.resourceUsage().maxRSS,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
