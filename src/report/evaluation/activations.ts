/** What each layer makes of one image. */
import * as tf from '@tensorflow/tfjs-core';
import type { ImageList } from '../../data/dataset.js';
import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { DataError } from '../../errors.js';
import { openEvaluationBatches } from '../../session/loaders.js';
import { upload } from '../../session/session.js';
import { type LayerMaps, mapsOf } from './maps.js';
import type { OpenedNetwork } from './network.js';
import { thumbnail } from './thumbnail.js';

export interface Activations {
  /** What the page calls the image. */
  readonly image: string;
  readonly picture: string | undefined;
  /** The likeliest classes by their number, best first. */
  readonly top: readonly { readonly label: number; readonly probability: number }[];
  readonly layers: readonly LayerMaps[];
  /** Layers with maps, of which `layers` are some. */
  readonly of: number;
}

const MOST_LAYERS = 16;
const TOP = 5;
/** Of the picture beside the maps. */
const SIDE = 224;

/** Of the first of `images`, which the page calls `name`. */
export async function activationsOf(
  { session, backend, settings }: OpenedNetwork,
  images: ImageList,
  name: string,
): Promise<Activations> {
  const { channels, transform } = session.card;
  const reading = decodeOptionsOf(settings);
  const split = { images, labels: new Int32Array(1) };
  const options = { backend, batchSize: 1, workers: 1, channels, transform, seed: 0, reading };
  const loader = await openEvaluationBatches(split, { ...options, cache: 'none' });
  try {
    for await (const batch of loader.batches(0)) {
      const problem = loader.unreadable.get(images.name(0));
      if (problem !== undefined) {
        throw new DataError(`Cannot read the image ${images.name(0)}: ${problem}`);
      }
      const input = upload(session, batch);
      batch.release();
      const maps: (() => LayerMaps)[] = [];
      session.network.lookAtOutputs(input.images, (layer, output, rectified) => {
        const [count, height = 1, width = 1, depth = 0] = output.shape;
        if (output.rank !== 4 || count !== 1 || height * width === 1) return;
        const values = output.dataSync() as Float32Array;
        maps.push(() => mapsOf(layer, values, [height, width, depth], rectified));
      });
      const top = await likeliest(session.network.predict(input.images));
      tf.dispose([input.images, input.labels]);
      const picture = await thumbnail(images, 0, SIDE, reading);
      const layers = spread(maps, MOST_LAYERS).map((make) => make());
      return { image: name, picture, top, layers, of: maps.length };
    }
    throw new DataError(`Cannot read the image ${images.name(0)}`);
  } finally {
    await loader.close();
  }
}

async function likeliest(logits: tf.Tensor2D): Promise<Activations['top']> {
  const probabilities = tf.tidy(() => tf.softmax(logits));
  const values = await probabilities.data();
  tf.dispose([logits, probabilities]);
  return Array.from(values, (probability, label) => ({ label, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, TOP);
}

/** At most `most` of a list, the first and the last among them. */
export function spread<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list];
  return Array.from(
    { length: most },
    (_, at) => list[Math.round((at * (list.length - 1)) / (most - 1))] as T,
  );
}
