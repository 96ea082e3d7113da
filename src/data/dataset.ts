import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { didYouMean } from '../did-you-mean.js';
import { DataError } from '../errors.js';
import { catalogue, materialise } from './catalogue/catalogue.js';
import { type DatasetIndex, openIndex } from './dataset-index.js';
import { type Selection, select } from './selection.js';

/** The bytes of an image. */
export interface ImageLocation {
  /** Absolute path. */
  readonly file: string;
  /** Bytes of the file before the image. */
  readonly offset: number;
  /** Bytes of the image; -1: the file is the image, however long. */
  readonly length: number;
}

/** Images in a fixed order, in files of their own or inside tar files. */
export interface ImageList {
  readonly length: number;
  /** The image by name, for messages: `DIR/train/cat/1.jpg`, `DIR/train.tar:cat/1.jpg`. */
  name(index: number): string;
  locate(index: number): ImageLocation;
}

/** The images of one split. */
export interface Split {
  /** By class and then by name. */
  readonly images: ImageList;
  /** For each image the index of its class in `Dataset.classes`. */
  readonly labels: Int32Array;
}

export interface Dataset {
  /** The catalogue name, or the name of the directory. */
  readonly name: string;
  /** Absolute path of the directory or tar file. */
  readonly root: string;
  /** How it lies there, for people. */
  readonly layout: string;
  /** The classes of the training set in code-unit order. */
  readonly classes: readonly string[];
  /** What people call each class, `tench, Tinca tinca`; empty texts where nothing says. */
  readonly words: readonly string[];
  readonly train: Split;
  readonly val: Split;
  /** What the images hold: 1 for grey, 3 for colour. Networks may ask otherwise. */
  readonly channels: 1 | 3;
  /** SHA-256 of class names, file names relative to the root and sizes, and of what was selected. */
  readonly fingerprint: string;
  /** Sentences about things that are odd but do no harm. */
  readonly warnings: readonly string[];
}

export interface OpenOptions extends Selection {
  readonly onProgress?: (text: string) => void;
}

/**
 * Opens a dataset in a directory or tar file, in any of the layouts of `layouts/`, or a set of the
 * catalogue, which is fetched on its first use. A catalogue name wins over a directory of the same
 * name: write `./mnist` for the directory.
 */
export async function openDataset(data: string, options: OpenOptions = {}): Promise<Dataset> {
  const index = await findIndex(data, options.onProgress);
  const { name, root, layout, channels, warnings } = index;
  return { name, root, layout, channels, warnings, ...select(index, options) };
}

/** The index of a dataset, for those who want all of its images, with or without a validation part. */
export async function findIndex(
  data: string,
  onProgress: (text: string) => void = () => {},
): Promise<DatasetIndex> {
  const entry = catalogue.find(({ name }) => name === data);
  if (entry !== undefined) {
    return openIndex(await materialise(entry, onProgress), onProgress, entry.name);
  }
  if (existsSync(data)) return openIndex(resolve(data), onProgress);
  const names = catalogue.map(({ name }) => name);
  throw new DataError(
    `No dataset at "${data}": expected a directory or tar file (train/<class>/*.jpg and val/<class>/*.jpg, or another layout that "cnn data check" knows) or one of ${names.join(', ')}.${didYouMean(data, names)}`,
  );
}
