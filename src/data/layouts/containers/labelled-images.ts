import { DataError } from '../../../errors.js';
import { printable } from '../../../system/file-names.js';
import type { Place as ImagePlace } from '../../image-table.js';
import { TableBuilder, type TableEntry } from '../../image-table.js';
import type { Labelled } from '../labels/labelled.js';
import { byCodeUnit, count } from '../names.js';
import type { Survey } from '../survey.js';

/** A label as a file has it: a number, or the name of the class. */
export type RawLabel = number | string;

/** Collects the images of a part and the labels that the files give them. */
export class LabelledImages {
  /** The classes in the order of their numbers, where anything says so. */
  names: readonly string[] | undefined;
  readonly #images = new TableBuilder();
  readonly #labels: RawLabel[] = [];
  readonly #survey: Survey;
  #unlabelled = 0;

  constructor(survey: Survey) {
    this.#survey = survey;
  }

  /** Sets the place of the images that are added next. */
  place(place: ImagePlace): void {
    this.#images.place(place);
  }

  add(entry: TableEntry, label: RawLabel): void {
    this.#images.add(entry);
    this.#labels.push(label);
    this.#survey.count();
  }

  /** An image is left out, as it has no label. */
  leaveOut(): void {
    this.#unlabelled++;
  }

  /** The part; undefined where it has no images. */
  part(path: string): Labelled | undefined {
    if (this.#unlabelled > 0) {
      this.#survey.note(
        `${count(this.#unlabelled, 'image')} in ${path} without a label: left out.`,
      );
    }
    if (this.#labels.length === 0) return undefined;
    const numbered = numberLabels(this.#labels, this.names, path);
    return { path, kind: 'containers', ...numbered, images: this.#images.build() };
  }
}

/**
 * The classes of a part, and the index of each label among them. Numbers that something names keep
 * their order, and all of those names are classes; others become classes by their values.
 */
function numberLabels(
  labels: readonly RawLabel[],
  names: readonly string[] | undefined,
  path: string,
): { readonly classes: readonly string[]; readonly labels: Int32Array } {
  const values = [...new Set(labels)];
  const isNumeric = values.every((value) => typeof value === 'number');
  if (names !== undefined && isNumeric) {
    const strange = values.find((label) => names[label as number] === undefined);
    if (strange === undefined) {
      return { classes: names.map(printable), labels: Int32Array.from(labels as number[]) };
    }
    throw new DataError(
      `An image in ${path} has the label ${strange} but only ${names.length} classes are named, from 0 on.`,
    );
  }
  const sorted = values.sort((a, b) =>
    isNumeric ? Number(a) - Number(b) : byCodeUnit(String(a), String(b)),
  );
  const indices = new Map(sorted.map((value, index) => [value, index]));
  return {
    classes: sorted.map((value) => printable(String(value))),
    labels: Int32Array.from(labels, (value) => indices.get(value) as number),
  };
}
