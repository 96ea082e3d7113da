import * as tf from '@tensorflow/tfjs-core';
import { PURPOSES, philox4x32 } from '../../rng.js';

/**
 * Keeps element i, over (1 - rate), where word i is at least rate × 2³²; four words come from each
 * block of Philox at counter [i / 4, step, layer, 0]. Elements are counted from those of image 0 of a
 * batch that processes share, of which the first here is `firstImage`.
 */
export function dropoutTwin(
  { x }: { x: tf.Tensor },
  attributes: { rate: number; seed: number; step: number; layer: number; firstImage?: number },
): tf.Tensor {
  const { rate, seed, step, layer, firstImage = 0 } = attributes;
  const key: [number, number] = [seed >>> 0, PURPOSES.dropout];
  const threshold = Math.floor(rate * 2 ** 32);
  const scales = new Float32Array(x.size);
  const before = firstImage * (x.size / (x.shape[0] ?? 1));
  for (let block = Math.floor(before / 4); 4 * block < before + x.size; block++) {
    const words = philox4x32([block, step, layer, 0], key);
    for (let lane = 0; lane < 4; lane++) {
      const place = 4 * block + lane - before;
      if (place < 0 || place >= x.size) continue;
      if ((words[lane] as number) >= threshold) scales[place] = 1 / (1 - rate);
    }
  }
  return tf.mul(x, tf.tensor(scales, x.shape));
}
