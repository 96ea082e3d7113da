/** Networks of which every weight counts, and images. */
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { AdaptiveAveragePooling2D } from '../../src/archs/index.js';
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
export function fillWeights(net: LayersModel): void {
  let seed = 1;
  for (const weight of net.layers.flatMap((layer) => layer.weights)) {
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

/** A network whose windows and paddings differ on all four sides. */
export function lopsided(): LayersModel {
  const image = input({ shape: [9, 12, 3], name: 'image' });
  const pad = (x: SymbolicTensor, name: string, padding: [[number, number], [number, number]]) =>
    layers.zeroPadding2d({ name, padding }).apply(x) as SymbolicTensor;
  const apply = (layer: layers.Layer, x: SymbolicTensor) => layer.apply(x) as SymbolicTensor;
  let x = apply(
    layers.conv2d({
      name: 'conv',
      filters: 4,
      kernelSize: [3, 2],
      strides: [1, 2],
      activation: 'tanh',
    }),
    pad(image, 'first', [
      [1, 2],
      [3, 0],
    ]),
  );
  x = pad(x, 'second', [
    [0, 1],
    [2, 0],
  ]);
  x = apply(layers.maxPooling2d({ name: 'max', poolSize: [2, 3], strides: [1, 1] }), x);
  x = apply(layers.averagePooling2d({ name: 'mean', poolSize: 2, strides: 1, padding: 'same' }), x);
  x = apply(new AdaptiveAveragePooling2D({ name: 'adaptive', outputSize: [2, 4] }), x);
  x = apply(layers.flatten({ name: 'flatten' }), x);
  const logits = apply(layers.dense({ name: 'fc', units: 5 }), x);
  return model({ inputs: image, outputs: logits, name: 'lopsided' });
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
