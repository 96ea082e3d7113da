/**
 * Writes a network with its initial weights as `cnn export --format onnx` does, for the peers that
 * run such files:
 *
 *     npx tsx bench/onnx-file.ts resnet50 resnet50.onnx
 */
import { writeFile } from 'node:fs/promises';
import { findArchitecture } from '../src/archs/index.js';
import { openBackend } from '../src/backend/index.js';
import { describe } from '../src/export/description.js';
import { inferenceGraph } from '../src/export/graph/inference-graph.js';
import { onnxParts } from '../src/export/onnx/model.js';
import { networkCard } from '../src/session/network-card.js';
import { openSession } from '../src/session/session.js';
import { resolveSettings } from '../src/settings/resolve.js';
import { main } from './rounds.js';

await main(async () => {
  const [arch = '', file = ''] = process.argv.slice(2);
  const architecture = findArchitecture(arch);
  const { inputSize, channels, numClasses } = resolveSettings('bench', [], architecture).settings;
  await openBackend('js', { precision: 'f32' });
  const classes = Array.from({ length: numClasses }, (_, index) => String(index));
  const card = networkCard(architecture, { classes, inputSize, channels });
  const { model } = openSession(architecture, card, 0);
  const graph = inferenceGraph(model, { softmax: false, pixels: undefined });
  const trained = { architecture, measured: undefined };
  await writeFile(file, onnxParts(graph, describe(graph, trained, card, 'NCHW')));
});
