/** Finds a dataset whose files hold many images each, in a folder or in the folders below it. */
import { DataError } from '../../../errors.js';
import { imagesAmong } from '../folder.js';
import { list } from '../names.js';
import { look, type Place } from '../opened.js';
import type { Survey } from '../survey.js';
import { Archive } from '../tar/archive.js';
import { readCifar } from './cifar.js';
import type { ContainerFile } from './container-file.js';
import type { ContainerSet } from './container-set.js';
import { partFilesBelow } from './container-tree.js';
import { readIdx } from './idx.js';
import { readParquet } from './parquet/parquet.js';
import { isRecordFile, readTfRecords } from './tfrecord/tfrecord.js';

/** In more folders than that, which are classes then, none is looked into. */
const MOST_FOLDERS = 16;
/** `root/MNIST/raw`. */
const MOST_LEVELS = 3;

/** Formats whose files are all in one folder. */
const FORMATS = [readCifar, readIdx];

/** Formats whose files may be in several folders, one for each part. */
const TREE_FORMATS = [
  {
    read: readParquet,
    isOf: ({ name }: ContainerFile) => /\.parquet$/i.test(name),
  },
  { read: readTfRecords, isOf: isRecordFile },
];

/**
 * The dataset below a folder; undefined where it is none of these formats, or one of image files.
 * Throws a DataError where there are several.
 */
export async function readContainers(
  root: Place,
  survey: Survey,
): Promise<ContainerSet | undefined> {
  const places = await placesBelow(root, MOST_LEVELS);
  if (places.filter((place) => place !== root && hasImages(place)).length > 1) return undefined;
  const found: { readonly place: Place; readonly set: ContainerSet }[] = [];
  for (const place of places) {
    for (const read of FORMATS) {
      const set = await read(place, survey);
      if (set !== undefined) found.push({ place, set });
    }
  }
  for (const { read, isOf } of TREE_FORMATS) {
    const files = partFilesBelow(places, isOf, survey);
    if (files === undefined) continue;
    found.push({ place: root, set: await read(files, places, survey) });
  }
  const [first, second] = found;
  if (second === undefined) {
    if (first !== undefined && first.set.train === undefined && survey.problems.length === 0) {
      survey.problem(`No training image in ${root.path} has a label.`);
    }
    return first?.set;
  }
  throw new DataError(
    `${root.path} holds several datasets: ${list(found.map(({ place, set }) => `${set.name} in ${place.path}`))}. Pass one of their folders.`,
  );
}

function hasImages({ contents }: Place): boolean {
  return imagesAmong(contents.files).length > 0;
}

/** A folder and those below it, as far as they are few and no tar files. */
async function placesBelow(place: Place, levels: number): Promise<[Place, ...Place[]]> {
  const folders = place.contents.folders.filter((folder) => !(folder instanceof Archive));
  if (levels === 0 || folders.length > MOST_FOLDERS) return [place];
  const below: Place[] = [];
  for (const folder of folders) {
    const opened = await look(folder).catch((error: unknown) => {
      // Those who read it will say why it cannot be read.
      if (error instanceof DataError) return undefined;
      throw error;
    });
    if (opened !== undefined) below.push(...(await placesBelow(opened, levels - 1)));
  }
  return [place, ...below];
}
