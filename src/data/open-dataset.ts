import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { didYouMean } from '../did-you-mean.js';
import { DataError } from '../errors.js';
import { absolutePath, printable, systemPath } from '../system/file-names.js';
import { catalogue, materialise } from './catalogue/catalogue.js';
import type { Dataset } from './dataset.js';
import { lookFor, openIndex } from './dataset-index.js';
import type { DatasetIndex, Found } from './indexed-dataset.js';
import { withoutTar } from './layouts/names.js';
import { type Selection, select } from './selection.js';
import { gunzipped, isGzippedTar } from './unpacked.js';

/**
 * Opens a dataset in a directory or tar file, in any of the layouts of `layouts/`, or a set of the
 * catalogue, which is fetched on its first use. A catalogue name wins over a directory of the same
 * name: write `./mnist` for the directory.
 */
export async function openDataset(data: string, options: OpenOptions = {}): Promise<Dataset> {
  const index = await findIndex(data, options.onProgress, options.labels);
  const { name, root, layout, channels, warnings } = index;
  return { name, root, layout, channels, warnings, ...select(index, options) };
}

/** The index of a dataset, for those who want all of its images, with or without a validation part. */
export async function findIndex(
  data: string,
  onProgress: (text: string) => void = () => {},
  labels: string | null = null,
): Promise<DatasetIndex> {
  return openIndex(...(await placeOf(data, onProgress)), labels);
}

/** All that is found where a dataset is looked for, for those who want to know what is wrong with it. */
export async function inspectDataset(
  data: string,
  onProgress: (text: string) => void = () => {},
  labels: string | null = null,
): Promise<Found> {
  return lookFor(...(await placeOf(data, onProgress)), labels);
}

/** What finds the same dataset from any directory; a dataset that there is not keeps its name. */
export function lastingName(data: string): string {
  const isPath = entryOf(data) === undefined && existsSync(systemPath(data));
  return isPath ? absolutePath(data) : data;
}

type OpenArguments = [root: string, onProgress: (text: string) => void, name: string | undefined];

async function placeOf(data: string, onProgress: (text: string) => void): Promise<OpenArguments> {
  const entry = entryOf(data);
  if (entry !== undefined) return [await materialise(entry, onProgress), onProgress, entry.name];
  const path = absolutePath(data);
  if (isGzippedTar(path) && existsSync(systemPath(path))) {
    const tar = await gunzipped(path, onProgress);
    return [tar, onProgress, withoutTar(basename(tar))];
  }
  if (existsSync(systemPath(data))) return [path, onProgress, undefined];
  const names = catalogue.map(({ name }) => name);
  throw new DataError(
    `No dataset at "${printable(data)}": expected a directory or tar file (train/<class>/*.jpg and val/<class>/*.jpg, or another layout that "cnn data check" knows) or one of ${names.join(', ')}.${didYouMean(data, names)}`,
  );
}

function entryOf(data: string) {
  return catalogue.find(({ name }) => name === data);
}

export interface OpenOptions extends Selection {
  readonly onProgress?: (text: string) => void;
}
