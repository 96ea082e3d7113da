/**
 * Recognises the layout of a dataset in a directory or tar file. Each layout is a training part and
 * a validation part, and each part is class folders, shards, or one folder with a file of classes;
 * all of them may be tar files.
 */
import { join } from 'node:path';
import { DataError } from '../../errors.js';
import { Archive } from './archive.js';
import { readClassFolders } from './class-folders.js';
import { findGroundTruth, withDevkits } from './devkit.js';
import { openFolder } from './directory.js';
import { readFlat } from './flat.js';
import { type Contents, type Folder, imagesAmong } from './folder.js';
import { findLabelList } from './label-list.js';
import type { Labelled } from './labelled.js';
import { list } from './names.js';
import { type Opened, openedFolder } from './opened.js';
import { isShard, readShards } from './shards.js';
import type { Survey } from './survey.js';
import { wordsOf } from './words.js';

/** Names of the folder or tar file of a part; the first that is there is taken. */
const TRAIN_NAMES = ['train', 'ILSVRC2012_img_train'];
const VALIDATION_NAMES = ['val', 'valid', 'validation', 'test', 'ILSVRC2012_img_val'];
const KAGGLE = ['ILSVRC', 'Data', 'CLS-LOC'];
/** How far down the only folder in a folder is followed. */
const MOST_LEVELS = 5;
const EXPECTED =
  'Expected class folders (train/<class>/*.jpg and val/<class>/*.jpg), one folder of them, ILSVRC 2012 as distributed, or WebDataset shards';
const FRACTION = 'or take validation images from the training set with --val-fraction 0.1';

export interface Layout {
  /** For people. */
  readonly name: string;
  readonly train: Labelled;
  readonly val: Labelled | undefined;
  /** A sentence that says why there is no validation part. */
  readonly noVal: string;
  /** What people call the classes of `train`; empty texts where nothing says. */
  readonly words: readonly string[];
}

type Parts = Omit<Layout, 'words'>;

/** A folder that was looked into. */
interface Place extends Opened {
  readonly folder: Folder;
}

/** Reads the dataset in a folder. Throws a DataError that names the path if there is none. */
export async function readLayout(root: Folder, survey: Survey): Promise<Layout> {
  const start = await look(root);
  const way = (await wayToParts([start])) ?? [start];
  const places = await withDevkits(await withListFolders(way, survey));
  const base = way.at(-1) as Place;
  const parts = hasTraining(base)
    ? await readTwoParts(base, places, survey)
    : ((await readNamedShards(base, survey)) ?? (await readOnePart(base, places, survey)));
  return { ...parts, words: wordsOf(parts.train.classes, places) };
}

async function look(folder: Folder): Promise<Place> {
  return { folder, ...(await openedFolder(folder)) };
}

/** The folders from the root down to the one that holds the parts, if there is one. */
async function wayToParts(way: readonly Place[]): Promise<readonly Place[] | undefined> {
  const here = way.at(-1) as Place;
  if (hasTraining(here) || (await shardsIn(here.contents)).length > 0) return way;
  if (way.length === MOST_LEVELS) return undefined;
  const { folders, files } = here.contents;
  const lone = folders.length === 1 && imagesAmong(files).length === 0 ? folders[0] : undefined;
  const next = folders.find(({ name }) => KAGGLE.includes(name)) ?? lone;
  if (next !== undefined) return wayToParts([...way, await look(next)]);
  // Class folders in the only folder, or tar file, of a folder.
  return folders.length > 1 && way.length > 1 ? way : undefined;
}

function hasTraining({ contents }: Opened): boolean {
  return partNamed(TRAIN_NAMES, contents) !== undefined;
}

function partNamed(names: readonly string[], { folders }: Contents): Folder | undefined {
  const present = names.filter((name) => folders.some((folder) => folder.name === name));
  return folders.find(({ name }) => name === present[0]);
}

/** The folders, the innermost first, and others that may hold files with the classes of images. */
async function withListFolders(way: readonly Place[], survey: Survey): Promise<Opened[]> {
  const places: Opened[] = way.toReversed();
  const base = way.at(-1) as Place;
  const meta = base.contents.folders.find(({ name }) => name === 'meta');
  if (meta !== undefined) places.push(await openedFolder(meta));
  const { path, inside } = base.folder.place;
  const deep = inside === undefined && way.length === 1 && path.endsWith(join('/', ...KAGGLE));
  if (deep) places.push(await openedFolder(openFolder(join(path, '../../..'), survey)));
  return places;
}

/** A training part with the validation part beside it. */
async function readTwoParts(
  base: Place,
  places: readonly Opened[],
  survey: Survey,
): Promise<Parts> {
  const train = await look(partNamed(TRAIN_NAMES, base.contents) as Folder);
  const trainPart = await readPart(train, [train, ...places], undefined, survey);
  if (trainPart === undefined) {
    throw new DataError(
      `No class folders in ${train.path}: its images have no classes. ${EXPECTED}.`,
    );
  }
  const folder = partNamed(VALIDATION_NAMES, base.contents);
  if (folder === undefined) {
    const found = list(base.contents.folders.map(({ name }) => name));
    const noVal = `No validation images in ${base.path}: found ${found}. Add them as ${list(VALIDATION_NAMES.slice(0, 4))}, ${FRACTION}.`;
    return { name: nameOf(trainPart, undefined, base), train: trainPart, val: undefined, noVal };
  }
  const val = await look(folder);
  const valPart = await readPart(val, [val, ...places], trainPart.classes, survey);
  const noVal = `Nothing says which classes the images in ${val.path} have. Put them into class folders, add ILSVRC's devkit or a file with lines of class and image, ${FRACTION}.`;
  return { name: nameOf(trainPart, valPart, base), train: trainPart, val: valPart, noVal };
}

/** Shards side by side, with the part in their names: `imagenet-val-007.tar`. */
async function readNamedShards(base: Place, survey: Survey): Promise<Parts | undefined> {
  const shards = await shardsIn(base.contents);
  if (shards.length === 0) return undefined;
  const ofVal = new RegExp(`(^|[^a-z])(${VALIDATION_NAMES.join('|')})([^a-z]|$)`, 'i');
  const [val, train] = [true, false].map((part) => {
    return shards.filter(({ name }) => ofVal.test(name) === part);
  });
  const read = (part: readonly Archive[] = []) =>
    readShards(base.path, part, [base.contents], survey);
  if (train === undefined || train.length === 0) {
    throw new DataError(
      `No training shards in ${base.path}: found ${list(shards.map(({ name }) => `${name}.tar`))}. Expected others with names such as train-000.tar.`,
    );
  }
  const parts = { train: await read(train), val: val?.length ? await read(val) : undefined };
  const noVal = `No validation shards in ${base.path}: expected names such as val-000.tar, ${FRACTION}.`;
  return { name: nameOf(parts.train, parts.val, base), ...parts, noVal };
}

/** One set of images, without a part for validation. */
async function readOnePart(base: Place, places: readonly Opened[], survey: Survey): Promise<Parts> {
  const { folders } = base.contents;
  if (partNamed(VALIDATION_NAMES, base.contents) !== undefined) {
    const found = list(folders.map(({ name }) => name));
    throw new DataError(
      `No train directory in ${base.path}: found ${found}. ${EXPECTED}; pass the directory that holds train.`,
    );
  }
  const train = await readPart(base, places, undefined, survey);
  if (train === undefined) {
    throw new DataError(
      `No class folders in ${base.path}: its images have no classes. ${EXPECTED}.`,
    );
  }
  const noVal = `${base.path} has no part for validation: put the class folders into train and others into val, ${FRACTION}.`;
  return { name: nameOf(train, undefined, base), train, val: undefined, noVal };
}

/**
 * Reads one part. `classes` are those of the training part when it is the validation part. Undefined
 * if it is a folder of images and nothing says their classes.
 */
async function readPart(
  part: Place,
  places: readonly Opened[],
  classes: readonly string[] | undefined,
  survey: Survey,
): Promise<Labelled | undefined> {
  const { folder, contents, path } = part;
  const { folders, files } = contents;
  const beside = places.map((place) => place.contents);
  if (folder instanceof Archive && (await isShard(folder))) {
    return readShards(path, [folder], beside, survey);
  }
  const shards = await shardsIn(contents);
  if (shards.length > 0) return readShards(path, shards, beside, survey);
  const lone = folders.length === 1 ? (folders[0] as Folder) : undefined;
  if (classes !== undefined && lone !== undefined && !classes.includes(lone.name)) {
    // Tiny ImageNet has its validation images in val/images.
    const below = await look(lone);
    const labelled = await readPart(below, [below, ...places], classes, survey);
    if (labelled?.kind === 'flat') return labelled;
  }
  if (folders.length > 0) return readClassFolders(folder, contents, survey);
  const images = imagesAmong(files);
  if (images.length === 0) {
    throw new DataError(`No images in ${path}: found ${list(files)}. ${EXPECTED}.`);
  }
  const truth = classes && findGroundTruth(places, images);
  const labelling = truth ?? findLabelList(places, images, classes);
  return labelling && readFlat(folder, contents, labelling, survey);
}

async function shardsIn({ folders }: Contents): Promise<Archive[]> {
  const archives = folders.filter((folder) => folder instanceof Archive);
  const [first] = archives;
  return first !== undefined && (await isShard(first)) ? archives : [];
}

function nameOf(train: Labelled, val: Labelled | undefined, { path }: Place): string {
  if (train.kind === 'shards') return 'WebDataset';
  if (path.endsWith(KAGGLE.join('/'))) return 'ILSVRC as on Kaggle';
  if (val?.kind === 'flat') {
    const devkit = /validation_ground_truth/.test(val.labelFile ?? '');
    if (devkit) return 'ILSVRC with its devkit';
    return train.kind === 'flat' ? 'flat folders' : 'class folders and a flat validation folder';
  }
  if (val === undefined) return `${train.kind} without validation images`;
  return 'ImageFolder';
}
