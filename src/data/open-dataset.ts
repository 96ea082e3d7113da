import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { didYouMean } from '../did-you-mean.js';
import { DataError } from '../errors.js';
import { catalogue, materialise } from './catalogue/catalogue.js';
import type { Dataset } from './dataset.js';
import { openIndex } from './dataset-index.js';
import type { DatasetIndex } from './indexed-dataset.js';
import { type Selection, select } from './selection.js';

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

export interface OpenOptions extends Selection {
  readonly onProgress?: (text: string) => void;
}
