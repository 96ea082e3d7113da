import type { layers } from '@tensorflow/tfjs-layers';
import type { Constant } from './operations.js';

/** A weight of a layer, by the end of its name. */
export function weightOf(layer: layers.Layer, kind: string): Constant | undefined {
  const weight = layer.weights.find(({ originalName }) => originalName.endsWith(`/${kind}`));
  if (weight === undefined) return undefined;
  return {
    shape: weight.shape.map((length) => length ?? 0),
    read: () => weight.read().dataSync() as Float32Array,
  };
}

/** A weight that the layer has. */
export function requiredWeight(layer: layers.Layer, kind: string): Constant {
  const weight = weightOf(layer, kind);
  if (weight === undefined) throw new Error(`Layer "${layer.name}" has no weight ${kind}`);
  return weight;
}

/** A constant for each channel. */
export function perChannel(values: readonly number[]): Constant {
  return { shape: [values.length], read: () => Float32Array.from(values) };
}

export function filled(length: number, value: number): Constant {
  return { shape: [length], read: () => new Float32Array(length).fill(value) };
}

/** The same shape with other values. */
export function mapped(
  constant: Constant,
  change: (value: number, index: number) => number,
): Constant {
  return { shape: constant.shape, read: () => constant.read().map(change) };
}
