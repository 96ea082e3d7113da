import { DataError } from '../../../errors.js';
import { printable } from '../../../system/file-names.js';
import { byCodeUnit } from '../names.js';

/** A label as a file has it: a number, or the name of the class. */
export type RawLabel = number | string;

/**
 * The classes of a part, and the index of each label among them. Numbers that something names keep
 * their order, and all of those names are classes; others become classes by their values.
 */
export function numberLabels(
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
