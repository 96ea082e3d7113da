import { TableBuilder } from '../image-table.js';
import { type Contents, type Folder, imagesAmong, pathOf } from './folder.js';
import type { Labelled } from './labels/labelled.js';
import type { Labelling } from './labels/labelling.js';
import { byCodeUnit, list } from './names.js';
import type { Survey } from './survey.js';

/** Reads images in one folder whose classes a file names. */
export function readFlat(
  folder: Folder,
  contents: Contents,
  { file, classOf }: Labelling,
  survey: Survey,
): Labelled {
  const all = imagesAmong(contents.files);
  const classNames = all.map((name) => classOf(name));
  const unnamed = all.filter((_, index) => classNames[index] === undefined);
  if (unnamed.length > 0) {
    survey.problem(
      `${file} names no class for ${unnamed.length} of ${all.length} images in ${pathOf(folder)}: ${list(unnamed)}.`,
    );
  }
  const names = all.filter((_, index) => classNames[index] !== undefined);
  const labelOf = classNames.filter((name) => name !== undefined);
  const classes = [...new Set(labelOf)].sort(byCodeUnit);
  const indices = new Map(classes.map((name, index) => [name, index]));
  const images = new TableBuilder();
  images.place(folder.place);
  for (const name of names) {
    images.add(contents.entry(name));
    survey.count();
  }
  return {
    path: pathOf(folder),
    kind: 'flat',
    labelFile: file,
    classes,
    images: images.build(),
    labels: Int32Array.from(labelOf, (name) => indices.get(name) as number),
  };
}
