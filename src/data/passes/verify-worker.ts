/** A thread's part in `verifyImages`: decodes a chunk of images and says what went wrong. */
import { workerData } from 'node:worker_threads';
import { type DecodeOptions, reasonOf } from '../decode/decode-options.js';
import { PlaceGone, serveImages } from './image-pass.js';
import { readPatiently } from './read-patiently.js';

/** Images that could not be read: index in the chunk, and why. */
export type ChunkFailures = readonly (readonly [index: number, reason: string])[];

serveImages(async (locations): Promise<ChunkFailures> => {
  const failures: [number, string][] = [];
  for (const [index, location] of locations.entries()) {
    try {
      await readPatiently(location, workerData as DecodeOptions);
    } catch (error) {
      if (error instanceof PlaceGone) throw error;
      failures.push([index, reasonOf(error)]);
    }
  }
  return failures;
});
