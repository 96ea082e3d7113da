/**
 * One folder for each class, as torchvision's ImageFolder has them: the folder is the class, and the
 * images in it and in all folders below belong to it.
 */
import { extname } from 'node:path';
import { printable } from '../../system/file-names.js';
import { IMAGE_ENDINGS_TEXT } from '../decode/formats.js';
import { TableBuilder } from '../image-table.js';
import { type Contents, type Folder, imagesAmong, pathOf } from './folder.js';
import { ClassNames } from './labels/class-names.js';
import type { Labelled } from './labels/labelled.js';
import { count, list } from './names.js';
import type { Survey } from './survey.js';
import { refuseNestedShards } from './tar/refuse-shards.js';

/** Empty class folders that a message names. */
const SHOWN = 50;

/**
 * Reads the class folders in `folder`. Class folders without images, and those that cannot be read, are
 * problems of the survey.
 */
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
  const empty: Folder[] = [];
  const others = new Others();
  const names = new ClassNames(folders.map(({ name }) => printable(name)));
  const foldersOf: Folder[][] = names.classes.map(() => []);
  for (const below of folders) foldersOf[names.indexOf(printable(below.name))]?.push(below);
  for (const [label, className] of names.classes.entries()) {
    const ofClass = foldersOf[label] ?? [];
    if (ofClass.length > 1) survey.note(oneClass(className, ofClass));
    for (const classFolder of ofClass) {
      const seen = await survey.attempt(() =>
        addImages(classFolder, images, survey, { others, refuse: refuseNestedShards }),
      );
      if (seen === 0) empty.push(classFolder);
    }
    while (labels.length < images.length) labels.push(label);
  }
  others.report(folder, survey);
  if (empty.length > 0) {
    survey.emptyFolders.push(...empty.map(pathOf));
    survey.problem(await noImages(folder, folders.length, empty));
  }
  return {
    path: pathOf(folder),
    kind: 'class folders',
    classes: names.classes,
    images: images.build(),
    labels: Int32Array.from(labels),
  };
}

interface AddOptions {
  /** Counts files that are no images. */
  readonly others?: Others;
  /** Throws where the folders in a folder are not to be read. */
  readonly refuse?: (folders: readonly Folder[]) => Promise<void>;
}

/** Adds the images of a folder and then those of each folder below; returns how many there are. */
export async function addImages(
  folder: Folder,
  images: TableBuilder,
  survey: Survey,
  options: AddOptions = {},
): Promise<number> {
  const { others = new Others(), refuse } = options;
  const contents = await folder.contents();
  await refuse?.(contents.folders);
  const names = imagesAmong(contents.files);
  if (names.length < contents.files.length) others.add(contents.files);
  if (names.length > 0) images.place(folder.place);
  for (const name of names) {
    images.add(contents.entry(name));
    survey.count();
  }
  let seen = names.length;
  for (const below of contents.folders) seen += await addImages(below, images, survey, options);
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
    survey.note(`${count(all, 'file')} in ${pathOf(folder)} are no images: ${this.describe()}.`);
  }

  /** `3 .gif, 1 .txt`. */
  describe(): string {
    return list([...this.#byEnding].map(([ending, number]) => `${number} ${ending}`));
  }
}

function oneClass(className: string, folders: readonly Folder[]): string {
  return `${count(folders.length, 'folder')} spell the class ${className} with the same letters in other bytes (Unicode NFC and NFD): read as one.`;
}

/** What is wrong with class folders that hold no images, `empty` of `all` in `folder`. */
async function noImages(folder: Folder, all: number, empty: readonly Folder[]): Promise<string> {
  const [first] = empty;
  if (first !== undefined && empty.length === 1) {
    const { folders, files } = await first.contents();
    const names = [...folders.map(({ name }) => name), ...files];
    return `No images in ${pathOf(first)}: expected ${IMAGE_ENDINGS_TEXT} files but found ${list(names)}. Add images or remove the folder.`;
  }
  const described: string[] = [];
  for (const classFolder of empty.slice(0, SHOWN)) {
    const { folders, files } = await classFolder.contents();
    const others = new Others();
    others.add(files);
    const found = files.length > 0 ? others.describe() : folders.length > 0 ? 'folders' : '';
    described.push(found === '' ? classFolder.name : `${classFolder.name} (${found})`);
  }
  const names = list([...described, ...empty.slice(SHOWN).map(({ name }) => name)], SHOWN);
  return `No images in ${empty.length} of ${all} class folders of ${pathOf(folder)}: ${names}. Expected ${IMAGE_ENDINGS_TEXT} files: add images or remove the folders.`;
}
