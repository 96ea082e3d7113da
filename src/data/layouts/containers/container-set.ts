import type { PixelForm } from '../../dataset.js';
import { TableBuilder } from '../../image-table.js';
import type { Labelled } from '../labels/labelled.js';
import type { Survey } from '../survey.js';
import type { ContainerFile } from './container-file.js';

/** A dataset in files that hold many images each. */
export interface ContainerSet {
  /** For people: `CIFAR-10 (binary)`. */
  readonly name: string;
  /** Undefined where the survey has a problem that says why. */
  readonly train: Labelled | undefined;
  readonly val: Labelled | undefined;
  /** A sentence that says why there is no validation part. */
  readonly noVal: string;
}

/** Images of one size one after the other in a file, without headers between them. */
export interface Rows {
  readonly file: ContainerFile;
  readonly pixels: PixelForm;
  /** Of the first image, from the start of the file, and from one image to the next. */
  readonly first: number;
  readonly stride: number;
  /** The label of each. */
  readonly labels: readonly number[];
}

/** A part that rows of images make up; its classes keep the order of their labels. */
export function labelledRows(
  path: string,
  classes: readonly string[],
  all: readonly Rows[],
  survey: Survey,
): Labelled {
  const images = new TableBuilder();
  const labels: number[] = [];
  for (const rows of all) {
    const { file, pixels, first, stride } = rows;
    images.place({ ...file.place, pixels });
    const size = pixels.width * pixels.height * pixels.channels;
    for (const [index, label] of rows.labels.entries()) {
      images.add({ name: String(index), size, offset: file.offset + first + index * stride });
      labels.push(label);
      survey.count();
    }
  }
  return {
    path,
    kind: 'containers',
    classes,
    images: images.build(),
    labels: Int32Array.from(labels),
  };
}
