/** A thread's part in `measureColours`: the colours of a chunk of images. */
import { workerData } from 'node:worker_threads';
import { type DecodeOptions, reasonOf } from '../decode/decode-options.js';
import { PlaceGone, serveImages } from './image-pass.js';
import { addMoments, type Moments, momentsOf, NO_MOMENTS } from './moments.js';
import { readPatiently } from './read-patiently.js';

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
        momentsOf(await readPatiently(location, workerData as DecodeOptions)),
      );
    } catch (error) {
      if (error instanceof PlaceGone) throw error;
      failures.push([index, reasonOf(error)]);
    }
  }
  return { moments, failures };
});
