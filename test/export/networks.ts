/** Networks of which every weight counts, and images. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { elements } from '../../src/weights/stored-tensor.js';

/** Numbers in [-1, 1), the same ones each time. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** What a trained network could have, and no initial one has, in place of its weights. */
export function fillWeights({ layers }: LayersModel): void {
  let seed = 1;
  for (const weight of layers.flatMap((layer) => layer.weights)) {
    const shape = weight.shape.map((length) => length ?? 0);
    const kind = weight.originalName.split('/').at(-1) ?? '';
    const fanIn = elements(shape.slice(0, -1));
    const drawn = numbers(elements(shape), seed++);
    const values = drawn.map((value) => {
      if (kind === 'kernel') return value * Math.sqrt(4 / fanIn);
      return kind === 'gamma' || kind === 'moving_variance' ? 1 + value / 2 : value / 4;
    });
    const tensor = tf.tensor(values, shape);
    weight.write(tensor);
    tensor.dispose();
  }
}

/** Normalised images for a network. */
export function imagesFor({ inputs }: LayersModel, count: number): tf.Tensor4D {
  const [, ...lengths] = (inputs[0]?.shape ?? []).map((length) => length ?? 0);
  const shape = [count, ...lengths] as [number, number, number, number];
  return tf.tensor4d(numbers(elements(shape), 99), shape);
}

/** The greatest difference in shares of the greatest value. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, greatest] = [0, 0];
  for (let at = 0; at < expected.length; at++) {
    const value = expected[at] as number;
    const error = Math.abs((found[at] ?? Number.NaN) - value);
    // A NaN is the greatest of all.
    difference = error > difference || Number.isNaN(error) ? error : difference;
    greatest = Math.max(greatest, Math.abs(value));
  }
  return difference / greatest;
}
