/** What is inside the network: its layers, their maps and its first filters. */
import * as tf from '@tensorflow/tfjs-core';
import { type Filters, filtersOf } from '../../../report/evaluation/filters.js';
import { type LayerMaps, mapsOf } from '../../../report/evaluation/maps.js';
import type { Layer } from '../messages.js';
import { type Network, outputsOf } from './network.js';

/** Nodes that only prepare others; parts of a layer have a slash in their names. */
const PREPARING = ['Placeholder', 'Const', 'Pad', 'Reshape'];

/** The layers with maps, in running order, found by one run. */
export function layersOf(network: Network): Layer[] {
  const { description, nodes } = network;
  const { height, width, channels } = description.input;
  const names = nodes
    .filter(({ name, op }) => !name.includes('/') && !PREPARING.includes(op))
    .map(({ name }) => name);
  const outputs = outputsOf(network, [new Uint8Array(height * width * channels)], names);
  const layers = outputs.flatMap(({ shape }, at) => {
    const [, rows = 1, columns = 1, depth = 1] = shape;
    if (shape.length !== 4 || rows * columns === 1) return [];
    return [{ name: names[at] as string, shape: [rows, columns, depth] as const }];
  });
  tf.dispose(outputs);
  return layers;
}

export function layerMaps(network: Network, { name, shape }: Layer, seen: Uint8Array): LayerMaps {
  const [output] = outputsOf(network, [seen], [name]);
  const values = (output as tf.Tensor).dataSync() as Float32Array;
  tf.dispose(output);
  const least = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  return mapsOf(name, values, shape, least === 0);
}

/** The filters of the first convolution, where it sees the image itself. */
export function firstFiltersOf({ nodes, model, description }: Network): Filters | undefined {
  const first = nodes.find(({ op }) => op === 'Conv2D' || op === '_FusedConv2D');
  const [kernel] = model.weights[first?.input[1] ?? ''] ?? [];
  if (first === undefined || kernel === undefined) return undefined;
  const layer = first.name.split('/')[0] as string;
  const channels = description.input.channels === 1 ? 1 : 3;
  return filtersOf(layer, kernel.shape, () => kernel.dataSync(), channels);
}
