/** A thread's part in `measureColours`: the colours of a chunk of images. */
import { workerData } from 'node:worker_threads';
import { readImage } from '../decode/decode.js';
import { type DecodeOptions, reasonOf } from '../decode/decode-options.js';
import { serveImages } from './image-pass.js';
import { addMoments, type Moments, momentsOf, NO_MOMENTS } from './moments.js';

export interface ChunkColours {
  readonly moments: Moments;
  /** Images that could not be read: index in the chunk, and why. */
  readonly failures: readonly (readonly [index: number, reason: string])[];
}

serveImages(async (locations): Promise<ChunkColours> => {
  let moments = NO_MOMENTS;
  const failures: [number, string][] = [];
  for (const [index, location] of locations.entries()) {
    try {
      moments = addMoments(
        moments,
        momentsOf(await readImage(location, workerData as DecodeOptions)),
      );
    } catch (error) {
      failures.push([index, reasonOf(error)]);
    }
  }
  return { moments, failures };
});
