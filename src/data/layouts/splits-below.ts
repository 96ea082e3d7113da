/** Parts of a dataset that are not in the folder itself but in some or all of the folders in it. */
import { join } from 'node:path';
import { DataError } from '../../errors.js';
import { printable } from '../../system/file-names.js';
import { type Contents, type Folder, imagesAmong } from './folder.js';
import { list } from './names.js';
import { look, type Place } from './opened.js';
import { findSplits } from './splits.js';
import type { Survey } from './survey.js';
import { Archive } from './tar/archive.js';

/** In more folders than that, which are classes then, only the first is looked into. */
const MOST_LOOKS = 16;
/** How far down the only folder in a folder is followed. */
const MOST_LEVELS = 3;

/** A folder, and the place in it, perhaps in the only folder in it, that holds both parts. */
interface Holder {
  readonly folder: Folder;
  readonly train: Folder;
  readonly val: Folder;
}

/**
 * The only one of several folders that holds both parts: `images/train`, `images/val` beside `labels`.
 * Throws a DataError if there are several but other folders too.
 */
export async function splitsBelow(base: Place, survey: Survey): Promise<Folder | undefined> {
  const { folders } = base.contents;
  const holders = await holdersAmong(base, survey);
  const [holder] = holders;
  if (holder === undefined || holders.length === folders.length) return undefined;
  if (holders.length > 1) {
    throw new DataError(
      `${base.path} holds several datasets: ${list(holders.map(({ folder }) => folder.name))}. Pass one of them.`,
    );
  }
  const others = folders.filter((folder) => folder !== holder.folder).map(({ name }) => name);
  survey.note(
    `Read ${printable(holder.folder.name)} in ${base.path}, which holds both parts; left out ${list(others)}.`,
  );
  return holder.folder;
}

/** Both parts where each class folder holds its own: `cat/train`, `cat/val`, `dog/train`, `dog/val`. */
export async function splitsOfClasses(
  base: Place,
  survey: Survey,
): Promise<{ readonly train: Folder; readonly val: Folder } | undefined> {
  const { folders } = base.contents;
  const holders = await holdersAmong(base, survey);
  if (holders.length < 2 || holders.length < folders.length) return undefined;
  const gathered = (part: 'train' | 'val'): Folder => ({
    name: part,
    place: placeOf(base, part),
    contents: async () =>
      folderOf(holders.map((holder) => renamed(holder[part], holder.folder.name))),
  });
  return { train: gathered('train'), val: gathered('val') };
}

/** The folders that hold both parts. */
async function holdersAmong({ contents }: Place, survey: Survey): Promise<Holder[]> {
  const folders = contents.folders.filter((folder) => !(folder instanceof Archive));
  const [first] = folders;
  if (first === undefined) return [];
  if (folders.length > MOST_LOOKS && (await holderOf(first, survey)) === undefined) return [];
  const holders: Holder[] = [];
  for (const folder of folders) {
    const holder = await holderOf(folder, survey);
    if (holder !== undefined) holders.push(holder);
  }
  return holders;
}

async function holderOf(folder: Folder, survey: Survey): Promise<Holder | undefined> {
  let below = folder;
  for (let level = 0; level < MOST_LEVELS; level++) {
    const place = await survey.attempt(() => look(below));
    if (place === undefined) return undefined;
    const { train, val } = findSplits(place.contents.folders);
    if (train !== undefined && val !== undefined) {
      // Boxes and masks are often kept in folders of the same names.
      const inside = (await survey.attempt(() => look(train)))?.contents;
      const holds =
        inside !== undefined && inside.folders.length + imagesAmong(inside.files).length > 0;
      return holds ? { folder, train, val } : undefined;
    }
    const { folders, files } = place.contents;
    const [lone] = folders;
    if (lone === undefined || folders.length > 1 || imagesAmong(files).length > 0) return undefined;
    below = lone;
  }
  return undefined;
}

/** A place for messages: all class folders, and the part in each. */
function placeOf({ folder: { place } }: Place, part: string): Folder['place'] {
  const { path, inside } = place;
  if (inside === undefined) return { path: join(path, '*', part) };
  return { path, inside: `${inside}*/${part}/` };
}

function renamed(folder: Folder, name: string): Folder {
  return { name, place: folder.place, contents: () => folder.contents() };
}

function folderOf(folders: readonly Folder[]): Contents {
  const none = (name: string): never => {
    throw new RangeError(`No file ${name}`);
  };
  return { folders, files: [], entry: none, read: none };
}
