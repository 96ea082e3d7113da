/**
 * Receptive fields: the side of the square of the input that a value depends on, and the pixels
 * between two neighbours. Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural
 * Networks", 2019: where paths meet the widest counts. Squares extend beyond the image into its
 * padding.
 */
import type { Graph } from '../../network/graph.js';
import { windowOf } from './window.js';

export interface ReceptiveField {
  readonly side: number;
  readonly stride: number;
}

const PIXEL: ReceptiveField = { side: 1, stride: 1 };

/** Of every value of a graph, by its number. */
export function receptiveFields({ input, nodes }: Graph): ReadonlyMap<number, ReceptiveField> {
  const fields = new Map([[input, PIXEL]]);
  for (const node of nodes) {
    const seen = node.inputs.map((value) => fields.get(value) ?? PIXEL);
    const widest = seen.reduce((a, b) => (b.side > a.side ? b : a), PIXEL);
    const window = windowOf(node);
    fields.set(node.output, window === undefined ? widest : through(widest, window));
  }
  return fields;
}

function through({ side, stride }: ReceptiveField, window: ReceptiveField): ReceptiveField {
  return { side: side + (window.side - 1) * stride, stride: stride * window.stride };
}
