/**
 * Text files that name the class of each image: a line has an image and its class, in either
 * order, with a comma, a tab or spaces between them (`synset,image`; Kaggle's LOC_val_solution.csv;
 * Caffe's val.txt, whose numbers count the classes from 0; Tiny ImageNet's val_annotations.txt). Or
 * a line has the wnid alone, and the lines are in the order of the images.
 */
import { parse } from 'node:path';
import { DataError } from '../../errors.js';
import type { Labelling } from './labelling.js';
import { list } from './names.js';
import { linesOf, type Opened, readText } from './opened.js';

const LIST = /\.(txt|csv|tsv)$/i;
/** Kaggle's sample_submission.csv has made-up answers. */
const NO_LIST = /submission/i;
const KAGGLE = 'LOC_val_solution.csv';
/** The bytes that are read to recognise such a file. */
const SNIFF_BYTES = 4096;

/** The list for the images of a flat folder, if there is one in the folders. */
export function findLabelList(
  places: readonly Opened[],
  images: readonly string[],
  classes: readonly string[] | undefined,
): Labelling | undefined {
  const stems = new Map(images.map((name) => [parse(name).name, name]));
  const fitting = places.flatMap((place) => {
    const lists = place.contents.files.filter((name) => LIST.test(name) && !NO_LIST.test(name));
    return lists
      .filter((name) => looksFitting(place, name, stems))
      .map((name) => ({ place, name }));
  });
  const chosen = fitting.find(({ name }) => name === KAGGLE) ?? fitting[0];
  if (chosen === undefined) return undefined;
  if (fitting.length > 1 && chosen.name !== KAGGLE) {
    const names = fitting.map(({ place, name }) => `${place.path}/${name}`);
    throw new DataError(
      `More than one file names the classes of the validation images: ${list(names)}. Leave one there.`,
    );
  }
  return readList(chosen.place, chosen.name, images, stems, classes);
}

/** Whether one of the first two lines names an image, or both are bare wnids. */
function looksFitting(place: Opened, name: string, stems: ReadonlyMap<string, string>): boolean {
  const lines = linesOf(readText(place, name, SNIFF_BYTES)).slice(0, 2);
  if (lines.length > 0 && lines.every((line) => /^n\d{8}$/.test(line))) {
    return linesOf(readText(place, name)).length === stems.size;
  }
  return lines.some((line) => columnOfImage(fieldsOf(line), stems) !== undefined);
}

function readList(
  place: Opened,
  name: string,
  images: readonly string[],
  stems: ReadonlyMap<string, string>,
  classes: readonly string[] | undefined,
): Labelling {
  const file = `${place.path}/${name}`;
  const lines = linesOf(readText(place, name));
  const classOf = new Map<string, string>();
  if (lines.every((line) => /^n\d{8}$/.test(line))) {
    for (const [index, image] of images.entries()) classOf.set(image, lines[index] as string);
    return { file, classOf: (image) => classOf.get(image) };
  }
  for (const line of lines) {
    const fields = fieldsOf(line);
    const column = columnOfImage(fields, stems);
    if (column === undefined) continue;
    const label = fields[1 - column] ?? '';
    // In Kaggle's column boxes follow the wnid.
    const [first = ''] = label.split(' ');
    const image = stems.get(stemOf(fields[column] ?? '')) as string;
    classOf.set(image, /^n\d{8}$/.test(first) ? first : label);
  }
  const numbers = [...new Set(classOf.values())];
  if (numbers.every((label) => /^\d+$/.test(label))) nameNumbers(classOf, numbers, classes, file);
  return { file, classOf: (image) => classOf.get(image) };
}

/** Puts the names of classes in the place of numbers that count them from 0 on. */
function nameNumbers(
  classOf: Map<string, string>,
  numbers: readonly string[],
  classes: readonly string[] | undefined,
  file: string,
): void {
  if (classes === undefined || numbers.every((number) => classes.includes(number))) return;
  const values = numbers.map(Number);
  if (Math.min(...values) !== 0 || Math.max(...values) >= classes.length) {
    throw new DataError(
      `${file} has classes from ${Math.min(...values)} to ${Math.max(...values)}: expected names of classes, or their numbers from 0 to ${classes.length - 1} in the order of the names.`,
    );
  }
  for (const [image, number] of classOf) classOf.set(image, classes[Number(number)] as string);
}

/** The first two fields of a line. */
function fieldsOf(line: string): string[] {
  const separator = [',', '\t'].find((character) => line.includes(character)) ?? /\s+/;
  const fields = line.split(separator).slice(0, 2);
  return fields.map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
}

function columnOfImage(
  fields: readonly string[],
  stems: ReadonlyMap<string, string>,
): 0 | 1 | undefined {
  if (fields.length < 2) return undefined;
  if (stems.has(stemOf(fields[0] ?? ''))) return 0;
  return stems.has(stemOf(fields[1] ?? '')) ? 1 : undefined;
}

/** `val/1.JPEG` → `1`; a name without the ending of an image stays whole. */
function stemOf(field: string): string {
  const { base, name } = parse(field);
  return /\.(jpe?g|png|webp)$/i.test(base) ? name : base;
}
