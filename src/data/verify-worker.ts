/** A thread's part in `verifyPictures`: decodes a chunk of pictures and says what went wrong. */
import { workerData } from 'node:worker_threads';
import { readPicture } from './decode.js';
import { servePictures } from './picture-pass.js';
import { type Reading, reasonOf } from './reading.js';

/** Pictures that could not be read: index in the chunk, and why. */
export type ChunkFailures = readonly (readonly [index: number, reason: string])[];

servePictures(async (locations): Promise<ChunkFailures> => {
  const failures: [number, string][] = [];
  for (const [index, location] of locations.entries()) {
    try {
      await readPicture(location, workerData as Reading);
    } catch (error) {
      failures.push([index, reasonOf(error)]);
    }
  }
  return failures;
});
