/** Keeps shards that nothing says the classes of from being taken for classes. */
import { DataError } from '../../../errors.js';
import { type Folder, imagesAmong, pathOf } from '../folder.js';
import { list } from '../names.js';
import { Archive } from './archive.js';
import { isShard, SAMPLE_FILES } from './samples.js';
import type { Member } from './tar.js';

/**
 * Throws a DataError if one of the tar files that are to be classes looks like a shard: it has a file
 * beside an image, or the files count themselves.
 */
export async function refuseShards(path: string, archives: readonly Archive[]): Promise<void> {
  const names = archives.map(({ name }) => `${name}.tar`);
  if (areNumbered(archives.map(({ name }) => name))) {
    throw new DataError(
      `The tar files in ${path}, ${list(names, 2)}, are numbered as shards of WebDataset are, but ${pathOf(archives[0] as Archive)} has no .cls or .json file beside an image. Add them, or unpack tar files that each hold a class into folders.`,
    );
  }
  for (const archive of archives) {
    const pair = pairIn(await firstMembers(archive));
    if (pair === undefined) continue;
    throw new DataError(
      `${pathOf(archive)} holds ${list(pair)} side by side, as shards of WebDataset do, but a class is read only from a .cls or .json file beside each image. Add them, or unpack tar files that each hold a class into folders.`,
    );
  }
}

/** Throws a DataError if a tar file in a class folder is a shard, whose samples have their own classes. */
export async function refuseNestedShards(folders: readonly Folder[]): Promise<void> {
  for (const folder of folders) {
    if (!(folder instanceof Archive) || !(await isShard(folder))) continue;
    throw new DataError(
      `${pathOf(folder)} is a shard of WebDataset in a folder that would be a class. Put all shards of a part into one folder.`,
    );
  }
}

/** None of a tar file that cannot be read: reading it as a class says why. */
async function firstMembers(archive: Archive): Promise<Member[]> {
  try {
    return await archive.members(SAMPLE_FILES);
  } catch (error) {
    if (error instanceof DataError) return [];
    throw error;
  }
}

/** `x-000`, `x-001`, … or `00000`, `00001`, …: one beginning, and numbers that follow each other. */
function areNumbered(names: readonly string[]): boolean {
  const parts = names.map((name) => /^(.*?)(\d+)$/.exec(name) ?? []);
  const [[, prefix = '', first = ''] = []] = parts;
  if (names.length < 2 || Number(first) > 1 || (prefix === '' && first.length < 4)) return false;
  const numbers = parts
    .filter(([, before, digits]) => before === prefix && digits?.length === first.length)
    .map(([, , digits]) => Number(digits));
  return (
    numbers.length === names.length &&
    numbers.every((number, index) => number === Number(first) + index)
  );
}

/** An image and another file with the same name but for the ending. */
function pairIn(members: readonly Member[]): [image: string, other: string] | undefined {
  const others = new Map<string, string>();
  const keyOf = (path: string) => path.replace(/\.[^./]*$/, '');
  const images = new Set(imagesAmong(members.map(({ path }) => path)));
  for (const { path } of members) if (!images.has(path)) others.set(keyOf(path), path);
  const image = [...images].find((path) => others.has(keyOf(path)));
  return image === undefined ? undefined : [image, others.get(keyOf(image)) as string];
}
