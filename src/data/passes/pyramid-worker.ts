/** A thread's part in `readPyramids`: decodes a chunk of images once and resizes each several times. */
import { workerData } from 'node:worker_threads';
import { type Image, resizedSize, resizeShortSide } from '../../augment/index.js';
import { checkPixels, type DecodeOptions, reasonOf } from '../decode/decode-options.js';
import { PlaceGone, serveImages } from './image-pass.js';
import { readPatiently } from './read-patiently.js';

export interface PyramidForm {
  readonly reading: DecodeOptions;
  /** The short sides of the resized images. */
  readonly shorts: readonly number[];
  /** Seconds for which an image whose directory is gone is tried again. */
  readonly patience?: number;
}

/** For each image of a chunk its resized versions, or why it cannot be read. */
export type ChunkPyramids = readonly (readonly Image[] | string)[];

const { reading, shorts, patience } = workerData as PyramidForm;

serveImages(async (locations): Promise<ChunkPyramids> => {
  const pyramids: (Image[] | string)[] = [];
  for (const location of locations) {
    try {
      const image = await readPatiently(location, reading, patience);
      pyramids.push(shorts.map((short) => shared(resized(image, short))));
    } catch (error) {
      if (error instanceof PlaceGone) throw error;
      pyramids.push(reasonOf(error));
    }
  }
  return pyramids;
});

/** A long and narrow image can have far more pixels when it is resized. */
function resized(image: Image, short: number): Image {
  const { width, height } = resizedSize(image.width, image.height, short);
  checkPixels(width, height, reading);
  return resizeShortSide(image, short);
}

/** The same image in memory that all threads see. */
function shared(image: Image): Image {
  const data = new Uint8Array(new SharedArrayBuffer(image.data.length));
  data.set(image.data);
  return { ...image, data };
}
