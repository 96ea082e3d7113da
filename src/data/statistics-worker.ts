/** A thread's part in `measureColours`: the colours of a chunk of pictures. */
import { workerData } from 'node:worker_threads';
import { readPicture } from './decode.js';
import { addMoments, type Moments, momentsOf, NO_MOMENTS } from './moments.js';
import { servePictures } from './picture-pass.js';
import { type Reading, reasonOf } from './reading.js';

export interface ChunkColours {
  readonly moments: Moments;
  /** Pictures that could not be read: index in the chunk, and why. */
  readonly failures: readonly (readonly [index: number, reason: string])[];
}

servePictures(async (locations): Promise<ChunkColours> => {
  let moments = NO_MOMENTS;
  const failures: [number, string][] = [];
  for (const [index, location] of locations.entries()) {
    try {
      moments = addMoments(moments, momentsOf(await readPicture(location, workerData as Reading)));
    } catch (error) {
      failures.push([index, reasonOf(error)]);
    }
  }
  return { moments, failures };
});
