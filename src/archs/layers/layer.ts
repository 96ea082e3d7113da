/** What our own layers share. */
import type * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import type { Initialiser } from '../blocks/initialisers.js';

export type LayerSettings = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;
export type Shape = ReturnType<layers.Layer['computeOutputShape']>;

/** The images (N, H, W, C) that a layer with one input was called with. */
export function only(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor4D {
  return (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
}

export function serialized(of: Initialiser): tf.serialization.ConfigDict {
  return { className: of.getClassName(), config: of.getConfig() };
}

/** tf.layers resolves names and serialised initialisers only inside its own layers: borrow one. */
export function initialiser(of: Initialiser | string): Initialiser {
  const borrowed = layers.dense({ units: 1, kernelInitializer: of as Initialiser });
  return (borrowed as unknown as { kernelInitializer: Initialiser }).kernelInitializer;
}
