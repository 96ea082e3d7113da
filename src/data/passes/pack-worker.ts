/** A thread's part in `packDataset`: makes small JPEGs of a chunk of images. */
import { workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { type Image, resizeShortSide } from '../../augment/index.js';
import { type DecodeOptions, reasonOf } from '../decode/decode-options.js';
import { PlaceGone, serveImages } from './image-pass.js';
import { readPatiently } from './read-patiently.js';

export interface PackForm {
  readonly reading: DecodeOptions;
  /** Short side in pixels; smaller images stay as they are. */
  readonly size: number;
  /** Of the JPEGs, 1 to 100. */
  readonly quality: number;
}

/** For each image of the chunk the bytes of a JPEG, or why there are none. */
export type ChunkJpegs = readonly (Uint8Array | string)[];

const { reading, size, quality } = workerData as PackForm;

serveImages(async (locations): Promise<ChunkJpegs> => {
  const jpegs: (Uint8Array | string)[] = [];
  for (const location of locations) {
    try {
      jpegs.push(await encode(shrink(await readPatiently(location, reading))));
    } catch (error) {
      if (error instanceof PlaceGone) throw error;
      jpegs.push(reasonOf(error));
    }
  }
  return jpegs;
});

function shrink(image: Image): Image {
  const { width, height } = image;
  if (Math.min(width, height) <= size) return image;
  return resizeShortSide(image, size);
}

async function encode({ data, width, height, channels }: Image): Promise<Uint8Array> {
  const image = sharp(data, { raw: { width, height, channels } });
  const coloured = channels === 1 ? image.toColourspace('b-w') : image;
  return coloured.jpeg({ quality }).toBuffer();
}
