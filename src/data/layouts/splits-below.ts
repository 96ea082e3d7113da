/** Parts of a dataset that are not in the folder itself but in some or all of the folders in it. */
import { join } from 'node:path';
import { DataError } from '../../errors.js';
import { Archive } from './archive.js';
import { type Contents, type Folder, imagesAmong } from './folder.js';
import { list } from './names.js';
import { look, type Place } from './opened.js';
import { findSplits } from './splits.js';
import type { Survey } from './survey.js';

/** In more folders than that, which are classes then, only the first is looked into. */
const MOST_LOOKS = 16;

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
      `${base.path} holds several datasets: ${list(holders.map(({ name }) => name))}. Pass one of them.`,
    );
  }
  const others = folders.filter((folder) => folder !== holder).map(({ name }) => name);
  survey.note(
    `Read ${holder.name} in ${base.path}, which holds both parts; left out ${list(others)}.`,
  );
  return holder;
}

/** Both parts where each class folder holds its own: `cat/train`, `cat/val`, `dog/train`, `dog/val`. */
export async function splitsOfClasses(
  base: Place,
  survey: Survey,
): Promise<{ readonly train: Folder; readonly val: Folder } | undefined> {
  const { folders } = base.contents;
  const holders = await holdersAmong(base, survey);
  if (holders.length < 2 || holders.length < folders.length) return undefined;
  const classes = await Promise.all(
    holders.map(async ({ name }, at) => {
      const { train, val } = findSplits((await look(holders[at] as Folder)).contents.folders);
      return { name, train: train as Folder, val: val as Folder };
    }),
  );
  const gathered = (part: 'train' | 'val'): Folder => ({
    name: part,
    place: placeOf(base, part),
    contents: async () =>
      folderOf(classes.map(({ name, [part]: folder }) => renamed(folder, name))),
  });
  return { train: gathered('train'), val: gathered('val') };
}

/** The folders that hold both parts. */
async function holdersAmong({ contents }: Place, survey: Survey): Promise<Folder[]> {
  const folders = contents.folders.filter((folder) => !(folder instanceof Archive));
  const holds = async (folder: Folder) => {
    const place = await survey.attempt(() => look(folder));
    const { train, val } = findSplits(place?.contents.folders ?? []);
    if (train === undefined || val === undefined) return false;
    // Boxes and masks are often kept in folders of the same names.
    const inside = (await survey.attempt(() => look(train)))?.contents;
    return inside !== undefined && inside.folders.length + imagesAmong(inside.files).length > 0;
  };
  const [first] = folders;
  if (first === undefined) return [];
  if (folders.length > MOST_LOOKS && !(await holds(first))) return [];
  const holders: Folder[] = [];
  for (const folder of folders) if (await holds(folder)) holders.push(folder);
  return holders;
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
