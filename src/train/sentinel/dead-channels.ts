import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../../network/network.js';

/** A layer with a ReLU, of which some channels were 0 for every image of a batch. */
export interface SilentLayer {
  readonly layer: string;
  readonly silent: number;
  readonly channels: number;
}

/**
 * Shares of silent channels from which a layer counts as dead. A unit of a dense layer sees a batch
 * at one place alone, and many of them are silent in trained networks.
 */
const MOST_SILENT = 0.75;
const MOST_SILENT_UNITS = 0.95;

/**
 * The layers that are dead on a batch, in running order. One pass forward, and one read; neither where
 * there is no ReLU.
 */
export async function deadLayers(network: Network, images: tf.Tensor4D): Promise<SilentLayer[]> {
  if (!network.rectifies) return [];
  const found: { layer: string; limit: number; largest: tf.Tensor1D }[] = [];
  network.lookAtRectified(images, (layer, output) => {
    const places = output.shape.slice(1, -1);
    const limit = places.some((size) => size > 1) ? MOST_SILENT : MOST_SILENT_UNITS;
    const axes = output.shape.map((_, axis) => axis).slice(0, -1);
    found.push({ layer, limit, largest: tf.keep(tf.max<tf.Tensor1D>(output, axes)) });
  });
  const layers: SilentLayer[] = [];
  for (const { layer, limit, largest } of found) {
    const values = await largest.data<'float32'>();
    largest.dispose();
    const silent = values.filter((value) => value <= 0).length;
    if (silent >= limit * values.length) layers.push({ layer, silent, channels: values.length });
  }
  return layers;
}
