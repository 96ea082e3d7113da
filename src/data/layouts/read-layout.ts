/**
 * Recognises the layout of a dataset in a directory or tar file. Each layout is a training part and
 * a validation part, and each part is class folders, shards, or one folder with a file of classes;
 * all of them may be tar files. Or a few files hold all images.
 */
import { join } from 'node:path';
import { DataError } from '../../errors.js';
import { readContainers } from './containers/containers.js';
import { openFolder } from './directory.js';
import { type Folder, imagesAmong } from './folder.js';
import { withDevkits } from './labels/devkit.js';
import { findLabelList } from './labels/label-list.js';
import type { Labelled } from './labels/labelled.js';
import { wordsOf } from './labels/words.js';
import { list } from './names.js';
import { look, type Opened, type Place } from './opened.js';
import { EXPECTED, loneFolder, readPart, shardsIn, unpackAdvice } from './read-part.js';
import { findSplits, partOfShard, type Splits } from './splits.js';
import { splitsBelow, splitsOfClasses } from './splits-below.js';
import type { Survey } from './survey.js';
import { Archive } from './tar/archive.js';
import { refuseShards } from './tar/refuse-shards.js';
import { readShards } from './tar/shards.js';

const KAGGLE = ['ILSVRC', 'Data', 'CLS-LOC'];
/** How far down the only folder in a folder is followed. */
const MOST_LEVELS = 5;
const FRACTION = 'or take validation images from the training set with --val-fraction 0.1';

export interface Layout {
  /** For people. */
  readonly name: string;
  /** Undefined where the survey has a problem that says why. */
  readonly train: Labelled | undefined;
  readonly val: Labelled | undefined;
  /** A sentence that says why there is no validation part. */
  readonly noVal: string;
  /** What people call the classes of `train`; empty texts where nothing says. */
  readonly words: readonly string[];
}

type Parts = Omit<Layout, 'words'>;

/**
 * Reads the dataset in a folder. What keeps a network from being trained on it is a problem of the
 * survey, and the rest is read as far as that is possible. Throws a DataError where nothing is.
 */
export async function readLayout(root: Folder, survey: Survey): Promise<Layout> {
  const start = await look(root);
  const containers = await readContainers(start, survey);
  if (containers !== undefined) {
    return { ...containers, words: readWords(containers.train?.classes ?? [], [start], survey) };
  }
  const way = (await wayToParts([start], survey)) ?? [start];
  const places = await withDevkits(await withListFolders(way, survey), survey);
  const parts = await readParts(way.at(-1) as Place, places, survey);
  return { ...parts, words: readWords(parts.train?.classes ?? [], places, survey) };
}

/** The folders from the root down to the one that holds the parts, if there is one. */
async function wayToParts(
  way: readonly Place[],
  survey: Survey,
): Promise<readonly Place[] | undefined> {
  const here = way.at(-1) as Place;
  const { folders } = here.contents;
  const { train, val, unclear } = findSplits(folders);
  if (train !== undefined && val === undefined && way.length < MOST_LEVELS) {
    const inner = await survey.attempt(() => look(train));
    if (inner !== undefined && hasBothParts(inner)) return [...way, inner];
  }
  const hasParts = train !== undefined || unclear.length > 0;
  if (hasParts || (await shardsIn(here.contents)).length > 0) return way;
  if (way.length === MOST_LEVELS) return undefined;
  const kaggle = folders.find(({ name }) => KAGGLE.includes(name));
  const next = kaggle ?? (await splitsBelow(here, survey)) ?? (await loneFolder(here, survey));
  if (next !== undefined) return wayToParts([...way, await look(next)], survey);
  // Class folders in the only folder, or tar file, of a folder.
  return folders.length > 1 && way.length > 1 ? way : undefined;
}

function hasBothParts({ contents }: Opened): boolean {
  const { train, val } = findSplits(contents.folders);
  return train !== undefined && val !== undefined;
}

/** The folders, the innermost first, and others that may hold files with the classes of images. */
async function withListFolders(way: readonly Place[], survey: Survey): Promise<Opened[]> {
  const places: Opened[] = way.toReversed();
  const base = way.at(-1) as Place;
  const meta = base.contents.folders.find(({ name }) => name === 'meta');
  if (meta !== undefined) {
    const place = await survey.attempt(() => look(meta));
    if (place !== undefined) places.push(place);
  }
  const { path, inside } = base.folder.place;
  const deep = inside === undefined && way.length === 1 && path.endsWith(join('/', ...KAGGLE));
  if (deep) places.push(await look(openFolder(join(path, '../../..'), survey)));
  return places;
}

async function readParts(base: Place, places: readonly Opened[], survey: Survey): Promise<Parts> {
  const splits = findSplits(base.contents.folders);
  if ([splits.train, splits.val].every((part) => part === undefined || part instanceof Archive)) {
    const named = await readNamedShards(base, survey);
    if (named !== undefined) return named;
  }
  await checkClear(splits, base, survey);
  if (splits.train !== undefined && !(await isClass(splits, base, places, survey))) {
    return readTwoParts(base, places, splits.train, splits.val, survey);
  }
  const ofClasses = await splitsOfClasses(base, survey);
  if (ofClasses !== undefined) {
    return readTwoParts(base, places, ofClasses.train, ofClasses.val, survey);
  }
  return readOnePart(base, places, splits, survey);
}

async function checkClear(
  { doubles, unclear }: Splits<Folder>,
  base: Place,
  survey: Survey,
): Promise<void> {
  if (unclear.length > 0) {
    const archives = unclear.filter((folder) => folder instanceof Archive);
    await refuseShards(base.path, archives);
    throw new DataError(
      `It is unclear which folders in ${base.path} are the parts of one dataset: ${list(unclear.map(({ name }) => name))}. Name one train and one val, or pass a directory that holds such two.`,
    );
  }
  if (doubles.length > 0) {
    const names = list(doubles.map(({ name }) => name));
    survey.note(`Left out of ${base.path}, as another folder is that part: ${names}.`);
  }
}

/**
 * Whether the only folder that is a part by its name is the class of trains: it has images that nothing
 * gives classes, and folders beside it have images too.
 */
async function isClass(
  { train, val }: Splits<Folder>,
  base: Place,
  places: readonly Opened[],
  survey: Survey,
): Promise<boolean> {
  const [other] = base.contents.folders.filter((folder) => folder !== train);
  if (train === undefined || val !== undefined || other === undefined) return false;
  const [inTrain, beside] = [await look(train), await look(other)];
  const images = imagesAmong(inTrain.contents.files);
  if (inTrain.contents.folders.length > 0 || images.length === 0) return false;
  if (imagesAmong(beside.contents.files).length === 0) return false;
  if (findLabelList([inTrain, ...places], images, undefined) !== undefined) return false;
  survey.note(`${inTrain.path} is taken for a class: images and no class folders are in it.`);
  return true;
}

/** A training part with the validation part beside it. */
async function readTwoParts(
  base: Place,
  places: readonly Opened[],
  trainFolder: Folder,
  valFolder: Folder | undefined,
  survey: Survey,
): Promise<Parts> {
  const read = (folder: Folder, classes: readonly string[] | undefined) =>
    survey.attempt(async () => {
      const place = await look(folder);
      return { place, part: await readPart(place, places, classes, survey) };
    });
  const trained = await read(trainFolder, undefined);
  if (trained !== undefined && trained.part === undefined) {
    survey.problem(
      `No class folders in ${trained.place.path}: its images have no classes. ${EXPECTED}.`,
    );
  }
  const train = trained?.part;
  if (valFolder === undefined) {
    const found = list(base.contents.folders.map(({ name }) => name));
    const noVal = `No validation images in ${base.path}: found ${found}. Add them as val, valid, validation, test, ${FRACTION}.`;
    return { name: nameOf(train, undefined, base), train, val: undefined, noVal };
  }
  const validated = await read(valFolder, train?.classes);
  const val = validated?.part;
  const noVal =
    validated === undefined
      ? (survey.problems.at(-1) as string)
      : `Nothing says which classes the images in ${validated.place.path} have. Put them into class folders, add ILSVRC's devkit or a file with lines of class and image, ${FRACTION}.`;
  return { name: nameOf(train, val, base), train, val, noVal };
}

/** Shards side by side, with the part in their names: `imagenet-val-007.tar`. */
async function readNamedShards(base: Place, survey: Survey): Promise<Parts | undefined> {
  const shards = await shardsIn(base.contents);
  if (shards.length === 0) return undefined;
  const ofPart = (part: 'train' | 'val' | 'test') => {
    return shards.filter(({ name }) => partOfShard(name) === part);
  };
  const [train, ofVal, ofTest] = [ofPart('train'), ofPart('val'), ofPart('test')];
  const val = ofVal.length > 0 ? ofVal : ofTest;
  if (train.length === 0) {
    throw new DataError(
      `No training shards in ${base.path}: found ${list(shards.map(({ name }) => `${name}.tar`))}. Expected others with names such as train-000.tar.`,
    );
  }
  const read = (part: typeof shards) => readShards(base.path, part, [base], survey);
  const parts = {
    train: await read(train),
    val: val.length > 0 ? await read(val) : undefined,
  };
  const noVal = `No validation shards in ${base.path}: expected names such as val-000.tar, ${FRACTION}.`;
  return { name: nameOf(parts.train, parts.val, base), ...parts, noVal };
}

/** One set of images, without a part for validation. */
async function readOnePart(
  base: Place,
  places: readonly Opened[],
  { val }: Splits<Folder>,
  survey: Survey,
): Promise<Parts> {
  const { folders, files } = base.contents;
  if (val !== undefined) {
    const found = list([...folders.map(({ name }) => name)]);
    throw new DataError(
      `No train directory in ${base.path}: found ${found}. ${EXPECTED}; pass the directory that holds train.${unpackAdvice(files)}`,
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

/** The words of the classes; files of words that cannot be read do no harm. */
function readWords(
  classes: readonly string[],
  places: readonly Opened[],
  survey: Survey,
): readonly string[] {
  try {
    return wordsOf(classes, places);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    if (!survey.problems.includes(error.message)) survey.note(error.message);
    return wordsOf(classes, []);
  }
}

function nameOf(train: Labelled | undefined, val: Labelled | undefined, { path }: Place): string {
  if (train === undefined) return 'unknown';
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
