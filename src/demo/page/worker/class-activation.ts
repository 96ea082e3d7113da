/**
 * Class activation maps: where a network averages its last maps, the weights of a class say how much
 * each of them speaks for it. Zhou et al., 2016, section 2. https://arxiv.org/abs/1512.04150
 */
import * as tf from '@tensorflow/tfjs-core';
import type { GraphNode, Heat } from '../messages.js';
import { type Network, outputsOf } from './network.js';

interface AveragedMaps {
  /** The node whose maps are averaged. */
  readonly maps: string;
  /** The constant (maps, classes); undefined where each class has a map of its own. */
  readonly weights: string | undefined;
}

/** The last maps of a network that ends in their averages; undefined for others. */
export function averagedMaps({ nodes, description }: Network): AveragedMaps | undefined {
  const find = (name = '') => nodes.find((node) => node.name === name);
  let last = find(description.output.name);
  if (last?.op === 'Softmax') last = find(last.input[0]);
  const own = averaged(last);
  if (own !== undefined) return { maps: own, weights: undefined };
  if (last?.op !== 'MatMul' && last?.op !== '_FusedMatMul') return undefined;
  const maps = averaged(find(last.input[0]));
  return maps === undefined ? undefined : { maps, weights: last.input[1] };
}

function averaged(node: GraphNode | undefined): string | undefined {
  return node?.op === 'Mean' ? node.input[0] : undefined;
}

export function classActivation(
  network: Network,
  { maps, weights }: AveragedMaps,
  seen: Uint8Array,
  label: number,
): Heat {
  const [output] = outputsOf(network, [seen], [maps]);
  const [, rows = 1, columns = 1, depth = 1] = (output as tf.Tensor).shape;
  const activations = (output as tf.Tensor).dataSync() as Float32Array;
  tf.dispose(output);
  const share = sharesOf(network, weights, label, depth);
  const values = Float32Array.from({ length: rows * columns }, (_, place) => {
    const here = activations.subarray(place * depth, (place + 1) * depth);
    return here.reduce((sum, value, map) => sum + value * (share[map] as number), 0);
  });
  return { label, values: scaled(aboveLeast(values)), rows, columns, done: 1 };
}

/** How much each map speaks for the class. */
function sharesOf({ model }: Network, weights: string | undefined, label: number, depth: number) {
  if (weights === undefined) {
    return Float32Array.from({ length: depth }, (_, map) => Number(map === label));
  }
  const kernel = model.weights[weights]?.[0] as tf.Tensor;
  const classes = kernel.shape[1] as number;
  const all = kernel.dataSync() as Float32Array;
  return Float32Array.from({ length: depth }, (_, map) => all[map * classes + label] as number);
}

/** Only differences between places say where: a constant changes no class's rank. */
function aboveLeast(values: Float32Array): Float32Array {
  const least = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  return values.map((value) => value - least);
}

/** Evidence for the class from 0 to 1; what speaks against it is 0. */
export function scaled(values: Float32Array): Float32Array {
  const most = values.reduce((high, value) => Math.max(high, value), 0);
  return values.map((value) => (most > 0 ? Math.max(0, value) / most : 0));
}
