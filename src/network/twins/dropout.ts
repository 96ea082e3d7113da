import * as tf from '@tensorflow/tfjs-core';
import { PURPOSES, philox4x32 } from '../../rng.js';

/**
 * Keeps element i, over (1 - rate), where word i is at least rate × 2³²; four words come from each
 * block of Philox at counter [i / 4, step, layer, 0].
 */
export function dropoutTwin(
  { x }: { x: tf.Tensor },
  attributes: { rate: number; seed: number; step: number; layer: number },
): tf.Tensor {
  const { rate, seed, step, layer } = attributes;
  const key: [number, number] = [seed >>> 0, PURPOSES.dropout];
  const threshold = Math.floor(rate * 2 ** 32);
  const scales = new Float32Array(x.size);
  for (let first = 0; first < x.size; first += 4) {
    const words = philox4x32([first / 4, step, layer, 0], key);
    for (let lane = 0; lane < 4 && first + lane < x.size; lane++) {
      if ((words[lane] as number) >= threshold) scales[first + lane] = 1 / (1 - rate);
    }
  }
  return tf.mul(x, tf.tensor(scales, x.shape));
}
