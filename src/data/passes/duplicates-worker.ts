/** A thread's part in `findDuplicates`: what images of a chunk are known by. */
import { createHash } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import type { DecodeOptions } from '../decode/decode-options.js';
import { PlaceGone, serveImages } from './image-pass.js';
import { type Likeness, likenessOf } from './likeness.js';
import { readPatiently } from './read-patiently.js';

/** What an image is known by; undefined for one that cannot be read. */
export type ChunkPrints = readonly (Print | undefined)[];

export interface Print {
  /** Of its size and pixels. */
  readonly content: string;
  readonly likeness: Likeness;
}

serveImages(async (locations): Promise<ChunkPrints> => {
  const prints: (Print | undefined)[] = [];
  for (const location of locations) {
    try {
      const image = await readPatiently(location, workerData as DecodeOptions);
      const { data, width, height, channels } = image;
      const hash = createHash('sha256').update(`${width} ${height} ${channels}\n`).update(data);
      prints.push({
        content: hash.digest('base64').slice(0, 20),
        likeness: await likenessOf(image),
      });
    } catch (error) {
      if (error instanceof PlaceGone) throw error;
      prints.push(undefined);
    }
  }
  return prints;
});
