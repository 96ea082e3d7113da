/**
 * Reads files that keras.applications and timm wrote of networks with random weights
 * (test/libraries.sh installs them), lets Keras read ours, and prints how far our logits are from
 * theirs, a row for each.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture, withoutDrawing } from '../../../src/archs/index.js';
import { openBackend } from '../../../src/backend/index.js';
import { perChannel } from '../../../src/colours.js';
import { Network } from '../../../src/network/network.js';
import { loadWeightsFile, openWeightsFile, writeKerasWeights } from '../../../src/weights/index.js';
import { fillWeights, imagesFor, relativeError } from '../../export/networks.js';

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
    reader: 'keras_reads.py',
    files: ['model.h5', 'model.weights.h5'],
    networks: [
      ...['vgg16', 'vgg19', 'resnet50', 'resnet101', 'resnet152'],
      ...['densenet121', 'densenet169', 'densenet201'],
    ],
  },
  {
    python: process.env['CNN_TEST_TIMM'] ?? '',
    script: 'timm_files.py',
    reader: undefined,
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
  return relativeError(found, await readFloats(join(directory, 'logits.f32')));
}

/** The same of a file that we wrote, and images as the network sees them. */
async function differenceOfOurs(
  name: string,
  side: number,
  directory: string,
  library: { python: string; reader: string },
): Promise<number> {
  const architecture = findArchitecture(name);
  const options = { classes: 10, size: side, channels: 3, seed: 0 } as const;
  const model = withoutDrawing(() => architecture.build(options));
  fillWeights(model);
  const colours = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  await writeKerasWeights(join(directory, 'own.weights.h5'), model, architecture, colours);
  const images = imagesFor(model, 2);
  await writeFile(join(directory, 'images.f32'), (await images.data()) as Float32Array);
  const found = await new Network(model).predict(images).data();
  model.dispose();
  const { python, reader } = library;
  await run(python, [join(import.meta.dirname, reader), directory, name, String(side)]);
  return relativeError(found, await readFloats(join(directory, 'own.f32')));
}

async function readFloats(file: string): Promise<Float32Array> {
  const { buffer, byteOffset, byteLength } = await readFile(file);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

const given = process.argv.slice(2);
let wrong = 0;
await openBackend('auto', { precision: 'f32' });
for (const { python, script, reader, files, networks } of LIBRARIES) {
  for (const name of networks) {
    if (given.length > 0 && !given.includes(name)) continue;
    const directory = await mkdtemp(join(tmpdir(), 'cnn-libraries-'));
    try {
      const side = sideOf(name, script);
      await run(python, [join(import.meta.dirname, script), directory, name, String(side)]);
      const row = (file: string, found: number) => {
        const right = found <= MOST;
        if (!right) wrong++;
        console.log(`${name} | ${file} | ${found.toExponential(1)} | ${right ? 'right' : 'WRONG'}`);
      };
      for (const file of files) {
        row(file, await difference(name, side, join(directory, file), directory));
      }
      if (reader !== undefined) {
        row('ours', await differenceOfOurs(name, side, directory, { python, reader }));
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  }
}
console.log(wrong === 0 ? 'all are right' : `${wrong} are wrong`);
process.exitCode = wrong > 0 ? 1 : 0;
