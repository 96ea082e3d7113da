import type { Image } from '../../augment/index.js';
import { isSystemError } from '../../system/system-errors.js';
import type { ImageLocation } from '../dataset.js';
import { readImage } from '../decode/decode.js';
import { type DecodeOptions, reasonOf } from '../decode/decode-options.js';
import { isPlaceGone, PATIENCE_SECONDS, pauses } from '../decode/failure.js';
import { PlaceGone } from './image-pass.js';

/**
 * Reads an image; rejects with a reason fit for a message if it cannot be read. Where the place of
 * the image is gone, it waits for that to come back, and then rejects with what ends the pass.
 */
export async function readPatiently(
  location: ImageLocation,
  options: DecodeOptions,
  seconds = PATIENCE_SECONDS,
): Promise<Image> {
  let problem: unknown;
  try {
    return await readImage(location, options);
  } catch (error) {
    problem = error;
  }
  for await (const _ of pauses(seconds)) {
    if (!isSystemError(problem) || !(await isPlaceGone(location))) throw problem;
    try {
      return await readImage(location, options);
    } catch (error) {
      problem = error;
    }
  }
  throw isSystemError(problem) ? new PlaceGone(reasonOf(problem)) : problem;
}
