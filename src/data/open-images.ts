import { statSync } from 'node:fs';
import { DataError } from '../errors.js';
import { printable, systemPath } from '../system/file-names.js';
import type { ImageList } from './dataset.js';
import { IMAGE_ENDINGS_TEXT } from './decode/formats.js';
import { listFiles, TableBuilder } from './image-table.js';
import { addImages } from './layouts/class-folders.js';
import { openFolder } from './layouts/directory.js';
import { isTarName } from './layouts/names.js';
import { Survey } from './layouts/survey.js';

/**
 * The images that paths mean, in their order: files, and all images below directories and in tar
 * files. Files keep the name that they were given. Throws a DataError if a path means none.
 */
export async function openImages(paths: readonly string[]): Promise<ImageList> {
  const lists: ImageList[] = [];
  for (const path of paths) lists.push(await openPath(path));
  return joinLists(lists);
}

async function openPath(path: string): Promise<ImageList> {
  const stats = statSync(systemPath(path), { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new DataError(`Cannot read the image ${printable(path)}: there is no such file.`);
  }
  if (!stats.isDirectory() && !isTarName(path)) return listFiles([path]);
  const survey = new Survey();
  const table = new TableBuilder();
  const seen = await addImages(openFolder(path, survey), table, survey);
  if (seen > 0) return table.build();
  throw new DataError(`No images in ${printable(path)}: expected ${IMAGE_ENDINGS_TEXT} files.`);
}

function joinLists(lists: readonly ImageList[]): ImageList {
  const starts: number[] = [];
  let length = 0;
  for (const list of lists) {
    starts.push(length);
    length += list.length;
  }
  function find(index: number): [list: ImageList, at: number] {
    const turn = starts.findLastIndex((start) => start <= index);
    const list = lists[turn];
    if (list !== undefined && index < length) return [list, index - (starts[turn] as number)];
    throw new RangeError(`No image ${index} in a list of ${length}`);
  }
  return {
    length,
    name(index) {
      const [list, at] = find(index);
      return list.name(at);
    },
    locate(index) {
      const [list, at] = find(index);
      return list.locate(at);
    },
  };
}
