/**
 * Exports networks of the catalogue at their smallest sizes, opens them by other programs
 * (test/exports.sh installs them) and prints how far the logits are from ours, a row for each.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { architectures, findArchitecture, withoutDrawing } from '../../../src/archs/index.js';
import { openBackend } from '../../../src/backend/index.js';
import { smallestSize } from '../../../src/commands/smoke/smallest-size.js';
import type { Description } from '../../../src/export/description.js';
import { inferenceGraph } from '../../../src/export/graph/inference-graph.js';
import { onnxParts } from '../../../src/export/onnx/model.js';
import { graphModelFiles } from '../../../src/export/tfjs/graph-model.js';
import { Network } from '../../../src/network/network.js';
import { writeOutput } from '../../../src/system/files.js';
import { writeNewDirectory } from '../../../src/system/new-directory.js';
import { fillWeights, imagesFor } from '../networks.js';

const PROGRAMS = process.env['CNN_TEST_EXPORTS'] ?? 'build/exports';
const NETRON = process.env['CNN_TEST_NETRON'] ?? '';
const BATCH = 2;
/** Of the greatest logit, where that is above 1. */
const MOST = 1e-4;

const run = promisify(execFile);

async function check(name: string, directory: string): Promise<boolean> {
  const architecture = findArchitecture(name);
  const { channels } = architecture;
  const size = await smallestSize(architecture, { channels, auxiliary: false });
  const options = { classes: 10, size, channels, seed: 0 };
  const model = withoutDrawing(() => architecture.build(options));
  fillWeights(model);
  await write(model, name, directory);
  const greatest = await writeLogits(model, directory);
  model.dispose();
  const python = join(PROGRAMS, 'venv/bin/python');
  const script = join(import.meta.dirname, 'check.py');
  const { stdout: checked } = await run(python, [script, directory, String(BATCH)]);
  const opener = join(import.meta.dirname, 'open.mjs');
  const args = ['--max-old-space-size=8192', opener, directory, PROGRAMS, NETRON, String(BATCH)];
  const { stdout: opened } = await run(process.execPath, args);
  const { tensorflow, onnxruntime, nodes } = JSON.parse(opened);
  const differences = [tensorflow, JSON.parse(checked).difference, onnxruntime];
  const right = differences.every((value) => value <= MOST * Math.max(1, greatest));
  const figures = [greatest, ...differences].map((value) => value.toExponential(1));
  console.log([name, size, ...figures, nodes, right ? 'right' : 'WRONG'].join(' | '));
  return right;
}

async function write(model: LayersModel, name: string, directory: string): Promise<void> {
  const graph = inferenceGraph(model, { softmax: false, pixels: undefined });
  const description = { architecture: name } as Description;
  await writeNewDirectory(join(directory, 'graph'), '', graphModelFiles(graph, description));
  await writeOutput(join(directory, 'model.onnx'), onnxParts(graph, description));
}

/** Images and our logits of them, of which it returns the greatest. */
async function writeLogits(model: LayersModel, directory: string): Promise<number> {
  const images = imagesFor(model, BATCH);
  const network = new Network(model);
  const logits = network.predict(images);
  const values = (await logits.data()) as Float32Array;
  await writeFile(join(directory, 'images.f32'), (await images.data()) as Float32Array);
  await writeFile(join(directory, 'logits.f32'), values);
  for (const tensor of [images, logits] as tf.Tensor[]) tensor.dispose();
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

const given = process.argv.slice(2);
const names = given.length > 0 ? given : architectures.map(({ name }) => name);
await openBackend('auto', { precision: 'f32' });
const root = await mkdtemp(join(tmpdir(), 'cnn-exports-'));
console.log('network | size | greatest logit | tfjs | onnxruntime | onnxruntime-web | nodes');
let wrong = 0;
try {
  for (const name of names) {
    const directory = join(root, name);
    await mkdir(directory);
    const right = await check(name, directory).catch((error) => {
      console.log(`${name} | WRONG | ${error.stderr ?? error.stack}`);
      return false;
    });
    if (!right) wrong++;
    await rm(directory, { recursive: true });
  }
} finally {
  await rm(root, { recursive: true, force: true });
}
console.log(`${names.length - wrong} of ${names.length} networks are right`);
process.exitCode = wrong > 0 ? 1 : 0;
