/**
 * Reads one part of a dataset: class folders, shards, or one folder of images with a file of classes.
 * The only folder in a folder is a wrapper around them: `train/train/<class>`, `train/images/<class>`.
 */
import { DataError } from '../../errors.js';
import { nameKey, printable } from '../../system/file-names.js';
import { isGzippedTar } from '../unpacked.js';
import { readClassFolders } from './class-folders.js';
import { readFlat } from './flat.js';
import { type Contents, type Folder, imagesAmong } from './folder.js';
import { findGroundTruth } from './labels/devkit.js';
import { findLabelList } from './labels/label-list.js';
import type { Labelled } from './labels/labelled.js';
import { list } from './names.js';
import { look, type Opened, type Place } from './opened.js';
import { saysNothing } from './splits.js';
import type { Survey } from './survey.js';
import { Archive } from './tar/archive.js';
import { refuseShards } from './tar/refuse-shards.js';
import { isShard } from './tar/samples.js';
import { readShards } from './tar/shards.js';

export const EXPECTED =
  'Expected class folders (train/<class>/*.jpg and val/<class>/*.jpg), one folder of them, ILSVRC 2012 as distributed, or WebDataset shards';
/** How far down the only folder in a folder is followed. */
const MOST_LEVELS = 5;
const PACKED = /\.(tgz|tbz2?|txz|zip|7z|rar|gz|bz2|xz|zst)$/i;

/**
 * Reads one part; `places` are other folders that may hold a file of classes. `classes` are those of the training part when it is the validation part. Undefined
 * if it is a folder of images and nothing says their classes.
 */
export async function readPart(
  part: Place,
  places: readonly Opened[],
  classes: readonly string[] | undefined,
  survey: Survey,
): Promise<Labelled | undefined> {
  const known = new Set(classes?.map(nameKey));
  const way = await wayToClasses([part], known, survey);
  const here = way.at(-1) as Place;
  const { contents, path, folder } = here;
  const beside = [...new Set([...way.toReversed(), ...places])];
  if (folder instanceof Archive && (await isShard(folder))) {
    return readShards(path, [folder], beside, survey);
  }
  const shards = await shardsIn(contents);
  if (shards.length > 0) return readShards(path, shards, beside, survey);
  if (contents.folders.length > 1) return readFolders(here, survey);
  const reasons: string[] = [];
  const flat = readImages(here, beside, { classes, reasons }, survey);
  if (flat !== undefined) return flat;
  // Nothing says the classes but a folder on the way, if it has a name that may be one's.
  const holder = way.find(({ contents: { folders } }) => {
    return folders.length > 0 && folders.some(({ name }) => !saysNothing(name) || isKnown(name));
  });
  function isKnown(name: string): boolean {
    return known.has(keyOf(name));
  }
  if (holder !== undefined) return readFolders(holder, survey);
  if (folder instanceof Archive) await refuseShards(path, [folder]);
  if (reasons[0] !== undefined) throw new DataError(reasons[0]);
  return undefined;
}

/** The tar files in a folder if they are shards; one that is damaged does not say. */
export async function shardsIn({ folders }: Contents): Promise<Archive[]> {
  const archives = folders.filter((folder) => folder instanceof Archive);
  for (const archive of archives) {
    try {
      return (await isShard(archive)) ? archives : [];
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
  return [];
}

/**
 * The only folder with images in a folder without: others are left out beside one such as `images`,
 * where they hold none.
 */
export async function loneFolder(
  { contents, path }: Place,
  survey: Survey,
): Promise<Folder | undefined> {
  const { folders, files } = contents;
  if (imagesAmong(files).length > 0) return undefined;
  if (folders.length === 1) return folders[0];
  const [wrapper, ...more] = folders.filter(({ name }) => saysNothing(name));
  if (wrapper === undefined || more.length > 0) return undefined;
  if ((await look(wrapper)).contents.folders.length < 2) return undefined;
  const others = folders.filter((folder) => folder !== wrapper);
  for (const other of others) if (await holdsImages(other)) return undefined;
  const names = list(others.map(({ name }) => name));
  survey.note(
    `Read ${printable(wrapper.name)} in ${path}; left out ${names}, where no images are.`,
  );
  return wrapper;
}

async function holdsImages(folder: Folder): Promise<boolean> {
  const { folders, files } = await folder.contents();
  if (imagesAmong(files).length > 0) return true;
  for (const below of folders) if (await holdsImages(below)) return true;
  return false;
}

/** What to do about archives that are not read, where nothing else is there; `isAll`: nor beside it. */
export function unpackAdvice(files: readonly string[], isAll = false): string {
  const packed = files.filter((name) => PACKED.test(name));
  const [first] = packed;
  if (first === undefined) return '';
  if (isAll && packed.length === 1 && isGzippedTar(first))
    return ` Pass ${printable(first)} itself.`;
  return ` Unpack ${list(packed)}, or pack it as .tar, which is read in place.`;
}

/** What the class of a folder is found by. */
function keyOf(name: string): string {
  return nameKey(printable(name));
}

/** The folders from a part down to the one that holds several, shards, or images alone. */
async function wayToClasses(
  way: readonly Place[],
  known: ReadonlySet<string>,
  survey: Survey,
): Promise<readonly Place[]> {
  const here = way.at(-1) as Place;
  if (way.length === MOST_LEVELS || (await shardsIn(here.contents)).length > 0) return way;
  const lone = await loneFolder(here, survey);
  if (lone === undefined || known.has(keyOf(lone.name))) return way;
  return wayToClasses([...way, await look(lone)], known, survey);
}

async function readFolders({ folder, contents, path }: Place, survey: Survey): Promise<Labelled> {
  const archives = contents.folders.filter((below) => below instanceof Archive);
  await refuseShards(path, archives);
  return readClassFolders(folder, contents, survey);
}

/** Images in one folder with a file of their classes; undefined where there is none. */
function readImages(
  { folder, contents, path }: Place,
  places: readonly Opened[],
  { classes, reasons }: { classes: readonly string[] | undefined; reasons: string[] },
  survey: Survey,
): Labelled | undefined {
  const { folders, files } = contents;
  if (folders.length > 0) return undefined;
  const images = imagesAmong(files);
  if (images.length === 0) {
    throw new DataError(
      `No images in ${path}: found ${list(files)}. ${EXPECTED}.${unpackAdvice(files, true)}`,
    );
  }
  const truth = classes && findGroundTruth(places, images);
  const labelling = truth ?? findLabelList(places, images, classes, reasons);
  return labelling && readFlat(folder, contents, labelling, survey);
}
