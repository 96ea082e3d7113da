/**
 * One folder for each class, as torchvision's ImageFolder has them: the folder is the class, and the
 * images in it and in all folders below belong to it.
 */
import { extname } from 'node:path';
import { DataError } from '../../errors.js';
import { IMAGE_ENDINGS_TEXT } from '../decode/formats.js';
import { TableBuilder } from '../image-table.js';
import { type Contents, type Folder, imagesAmong, pathOf } from './folder.js';
import type { Labelled } from './labelled.js';
import { count, list } from './names.js';
import type { Survey } from './survey.js';

/** Reads the class folders in `folder`. Throws a DataError if one of them holds no image. */
export async function readClassFolders(
  folder: Folder,
  { folders, files }: Contents,
  survey: Survey,
): Promise<Labelled> {
  const loose = imagesAmong(files).length;
  if (loose > 0) {
    survey.note(`${count(loose, 'image')} in ${pathOf(folder)} are in no class folder: left out.`);
  }
  const images = new TableBuilder();
  const labels: number[] = [];
  const others = new Others();
  for (const [label, classFolder] of folders.entries()) {
    const seen = await addImages(classFolder, images, survey, others);
    if (seen === 0) throw await noImages(classFolder);
    for (let index = 0; index < seen; index++) labels.push(label);
  }
  others.report(folder, survey);
  return {
    path: pathOf(folder),
    kind: 'class folders',
    classes: folders.map(({ name }) => name),
    images: images.build(),
    labels: Int32Array.from(labels),
  };
}

/** Adds the images of a folder and then those of each folder below; returns how many there are. */
export async function addImages(
  folder: Folder,
  images: TableBuilder,
  survey: Survey,
  others = new Others(),
): Promise<number> {
  const contents = await folder.contents();
  const names = imagesAmong(contents.files);
  if (names.length < contents.files.length) others.add(contents.files);
  if (names.length > 0) images.place(folder.place);
  for (const name of names) {
    images.add(contents.entry(name));
    survey.count();
  }
  let seen = names.length;
  for (const below of contents.folders) seen += await addImages(below, images, survey, others);
  return seen;
}

/** Counts files that are no images by their ending. */
class Others {
  readonly #byEnding = new Map<string, number>();

  add(files: readonly string[]): void {
    const images = new Set(imagesAmong(files));
    for (const file of files) {
      if (images.has(file)) continue;
      const ending = extname(file).toLowerCase() || 'without ending';
      this.#byEnding.set(ending, (this.#byEnding.get(ending) ?? 0) + 1);
    }
  }

  report(folder: Folder, survey: Survey): void {
    if (this.#byEnding.size === 0) return;
    const all = [...this.#byEnding.values()].reduce((sum, number) => sum + number, 0);
    const kinds = [...this.#byEnding].map(([ending, number]) => `${number} ${ending}`);
    survey.note(`${count(all, 'file')} in ${pathOf(folder)} are no images: ${list(kinds)}.`);
  }
}

async function noImages(folder: Folder): Promise<DataError> {
  const { folders, files } = await folder.contents();
  const names = [...folders.map(({ name }) => name), ...files];
  return new DataError(
    `No images in ${pathOf(folder)}: expected ${IMAGE_ENDINGS_TEXT} files but found ${list(names)}. Add images or remove the folder.`,
  );
}
