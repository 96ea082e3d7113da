/**
 * Reads files that keras.applications and timm wrote of networks with random weights
 * (test/libraries.sh installs them) and prints how far our logits are from theirs, a row for each.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture, withoutDrawing } from '../../../src/archs/index.js';
import { openBackend } from '../../../src/backend/index.js';
import { perChannel } from '../../../src/colours.js';
import { Network } from '../../../src/network/network.js';
import { loadWeightsFile, openWeightsFile } from '../../../src/weights/index.js';

const run = promisify(execFile);
/** timm's VGG takes no smaller images. */
const sideOf = (name: string, script: string) =>
  name.startsWith('vgg') && script === 'timm_files.py' ? 224 : 64;
/** Of the greatest logit. */
const MOST = 1e-4;

const LIBRARIES = [
  {
    python: process.env['CNN_TEST_KERAS'] ?? '',
    script: 'keras_files.py',
    files: ['model.h5', 'model.weights.h5'],
    networks: [
      ...['vgg16', 'vgg19', 'resnet50', 'resnet101', 'resnet152'],
      ...['densenet121', 'densenet169', 'densenet201'],
    ],
  },
  {
    python: process.env['CNN_TEST_TIMM'] ?? '',
    script: 'timm_files.py',
    files: ['model.safetensors'],
    networks: [
      ...['vgg11', 'vgg13', 'vgg16', 'vgg19', 'vgg11-bn', 'vgg13-bn', 'vgg16-bn', 'vgg19-bn'],
      ...['resnet18', 'resnet34', 'resnet50-torchvision', 'resnet101-torchvision'],
      ...['resnet152-torchvision', 'densenet121', 'densenet161', 'densenet169', 'densenet201'],
    ],
  },
];

/** The greatest difference from the library's logits, in shares of the greatest. */
async function difference(
  name: string,
  side: number,
  path: string,
  directory: string,
): Promise<number> {
  const architecture = findArchitecture(name);
  const options = { classes: 10, size: side, channels: 3, seed: 0 } as const;
  const model = withoutDrawing(() => architecture.build(options));
  const file = await openWeightsFile(path);
  const loaded = await loadWeightsFile(model, architecture, file, { otherClasses: false });
  await file.close();
  const { mean, std } = loaded.colours ?? architecture.recipe;
  const pixels = await readFile(join(directory, 'pixels.u8'));
  const bytes = tf.tensor4d(Float32Array.from(pixels), [2, side, side, 3]);
  const images = tf.div(tf.sub(tf.div(bytes, 255), perChannel(mean, 3)), perChannel(std, 3));
  const found = await new Network(model).predict(images as tf.Tensor4D).data();
  model.dispose();
  const { buffer, byteOffset, byteLength } = await readFile(join(directory, 'logits.f32'));
  const expected = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const greatest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const differences = expected.map((value, at) => Math.abs(value - (found[at] ?? Number.NaN)));
  return differences.reduce((most, value) => Math.max(most, value), 0) / greatest;
}

const given = process.argv.slice(2);
let wrong = 0;
await openBackend('auto', { precision: 'f32' });
for (const { python, script, files, networks } of LIBRARIES) {
  for (const name of networks) {
    if (given.length > 0 && !given.includes(name)) continue;
    const directory = await mkdtemp(join(tmpdir(), 'cnn-libraries-'));
    try {
      const side = sideOf(name, script);
      await run(python, [join(import.meta.dirname, script), directory, name, String(side)]);
      for (const file of files) {
        const found = await difference(name, side, join(directory, file), directory);
        const right = found <= MOST;
        if (!right) wrong++;
        console.log(`${name} | ${file} | ${found.toExponential(1)} | ${right ? 'right' : 'WRONG'}`);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  }
}
console.log(wrong === 0 ? 'all are right' : `${wrong} are wrong`);
process.exitCode = wrong > 0 ? 1 : 0;
