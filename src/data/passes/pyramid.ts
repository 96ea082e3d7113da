import type { Image } from '../../augment/index.js';
import type { ImageList } from '../dataset.js';
import { passOver } from './image-pass.js';
import type { ChunkPyramids, PyramidForm } from './pyramid-worker.js';

const WORKER = new URL('./pyramid-worker.js', import.meta.url);

/** Images whose versions a thread has in memory at a time: five of ImageNet take about 3 MB each. */
const CHUNK = 8;

/** One image of a list. */
export interface Pyramid {
  readonly index: number;
  /** The image at each of the short sides, or why it cannot be read. */
  readonly images: readonly Image[] | string;
}

/** Decodes every image once and yields it, in order, resized to each of `shorts`. */
export async function* readPyramids(
  images: ImageList,
  workers: number,
  form: PyramidForm,
): AsyncGenerator<Pyramid> {
  for await (const chunk of passOver<ChunkPyramids>(images, WORKER, workers, form, CHUNK)) {
    for (const [at, found] of chunk.result.entries()) {
      yield { index: chunk.first + at, images: found };
    }
  }
}
