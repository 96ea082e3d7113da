/**
 * Text files that name the class of each image: a line has an image and its class, in either
 * order, with a comma, a semicolon, a tab or spaces between them (`synset,image`; Kaggle's
 * LOC_val_solution.csv; Caffe's val.txt, whose numbers count the classes from 0; Tiny ImageNet's
 * val_annotations.txt). Or a line has the wnid alone, and the lines are in the order of the images.
 */
import { parse } from 'node:path';
import { DataError } from '../../../errors.js';
import { asWindows1252, nameKey } from '../../../system/file-names.js';
import { linesOf } from '../../../system/text.js';
import { isImageName } from '../../decode/formats.js';
import { list } from '../names.js';
import { type Opened, readText, readTextIfPossible } from '../opened.js';
import type { Labelling } from './labelling.js';

const LIST = /\.(txt|csv|tsv)$/i;
/** Kaggle's sample_submission.csv has made-up answers. */
const NO_LIST = /submission/i;
const KAGGLE = 'LOC_val_solution.csv';
/** The bytes that are read to recognise such a file. */
const SNIFF_BYTES = 4096;
/** Lines that may stand before the first image: a separator, the names of the columns. */
const LINES_BEFORE = 2;
const WNID = /^n\d{8}$/;
/** What stands between the fields of a line. */
const SEPARATORS = [',', ';', '\t', /\s+/] as const;
type Separator = (typeof SEPARATORS)[number];
/** Names of the column with the classes, without case, spaces and underscores. */
const LABEL_COLUMN =
  /^(label|class|category|target|wnid|synset)s?(id|name|label)?$|^(species|breed|predictionstring)$/;

/**
 * The list for the images of a flat folder, if there is one in the folders; `reasons` takes why files
 * with the name of a list are none.
 */
export function findLabelList(
  places: readonly Opened[],
  images: readonly string[],
  classes: readonly string[] | undefined,
  reasons: string[] = [],
): Labelling | undefined {
  const finder = new ImageFinder(images);
  const fitting = places.flatMap((place) => {
    const lists = place.contents.files.filter((name) => LIST.test(name) && !NO_LIST.test(name));
    return lists
      .filter((name) => looksFitting(place, name, images.length, finder, reasons))
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
  return readList(chosen.place, chosen.name, images, finder, classes);
}

/** Whether one of the first lines names an image, or all are bare wnids. */
function looksFitting(
  place: Opened,
  name: string,
  images: number,
  finder: ImageFinder,
  reasons: string[],
): boolean {
  const text = readTextIfPossible(place, name, SNIFF_BYTES, reasons);
  if (text === undefined) return false;
  const lines = linesOf(text).slice(0, LINES_BEFORE + 1);
  if (lines.length > 0 && lines.every((line) => WNID.test(line))) {
    return linesOf(readText(place, name)).length === images;
  }
  return lines.some((line) => findColumns(line, undefined, finder) !== undefined);
}

function readList(
  place: Opened,
  name: string,
  images: readonly string[],
  finder: ImageFinder,
  classes: readonly string[] | undefined,
): Labelling {
  const file = `${place.path}/${name}`;
  const lines = linesOf(readText(place, name));
  const classOf = new Map<string, string>();
  if (lines.every((line) => WNID.test(line))) {
    for (const [index, image] of images.entries()) classOf.set(image, lines[index] as string);
    return { file, classOf: (image) => classOf.get(image) };
  }
  const columns = columnsOf(lines, finder);
  for (const line of lines) {
    const fields = fieldsOf(line, columns.separator);
    const image = finder.find(fields[columns.image] ?? '');
    if (image === undefined) continue;
    const label = fields[columns.label] ?? '';
    // In Kaggle's column boxes follow the wnid.
    const [first = ''] = label.split(' ');
    if (label !== '') classOf.set(image, WNID.test(first) ? first : label);
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

/** Where a list has what. */
interface Columns {
  readonly separator: Separator;
  readonly image: number;
  readonly label: number;
}

/** The columns of a list, by its first line that names an image and a head before it. */
function columnsOf(lines: readonly string[], finder: ImageFinder): Columns {
  for (const [index, line] of lines.entries()) {
    const columns = findColumns(line, lines[index - 1], finder);
    if (columns !== undefined) return columns;
  }
  throw new RangeError('A list without images was taken for one');
}

/** The columns by a line that names an image; undefined if it names none. */
function findColumns(
  line: string,
  head: string | undefined,
  finder: ImageFinder,
): Columns | undefined {
  for (const separator of SEPARATORS) {
    const fields = fieldsOf(line, separator);
    const titles = head === undefined ? [] : fieldsOf(head, separator);
    const image = finder.columnIn(fields, titles);
    if (image < 0 || fields.length < 2) continue;
    const titled = titles.findIndex((title) => {
      return LABEL_COLUMN.test(title.toLowerCase().replace(/[\s_]/g, ''));
    });
    const beside = image + 1 < fields.length ? image + 1 : image - 1;
    return { separator, image, label: titled < 0 || titled === image ? beside : titled };
  }
  return undefined;
}

/** The fields of a line; one in quotes may hold the separator, and two quotes for one. */
function fieldsOf(line: string, separator: Separator): string[] {
  if (typeof separator !== 'string') return line.split(separator);
  const fields: string[] = [];
  for (let at = 0; at <= line.length; ) {
    const quoted = /\s*"((?:[^"]|"")*)"\s*/y;
    quoted.lastIndex = at;
    const match = quoted.exec(line);
    const after = match === null ? at : quoted.lastIndex;
    const end = line.indexOf(separator, after);
    const stop = end < 0 ? line.length : end;
    const [, text] = match ?? [];
    const whole = text !== undefined && stop === after;
    fields.push(whole ? text.replaceAll('""', '"').trim() : line.slice(at, stop).trim());
    at = stop + 1;
  }
  return fields;
}

/** Finds images by the texts that lists have for them: a path, a name, or a name without its ending. */
class ImageFinder {
  readonly #byName = new Map<string, string>();
  readonly #byStem = new Map<string, string>();

  constructor(images: readonly string[]) {
    for (const image of images) {
      // A list in the old encoding of the names is read as Windows-1252.
      for (const name of new Set([nameKey(image), nameKey(asWindows1252(image))])) {
        this.#byName.set(name, image);
        this.#byStem.set(parse(name).name, image);
      }
    }
  }

  /** The column of the image: a whole name rather than one without its ending; -1 if there is none. */
  columnIn(fields: readonly string[], titles: readonly string[]): number {
    const whole = fields.findIndex((field) => this.#byName.has(baseOf(field)));
    if (whole >= 0) return whole;
    // A column without a title numbers the lines.
    return fields.findIndex((field, at) => titles[at] !== '' && this.find(field) !== undefined);
  }

  find(field: string): string | undefined {
    const base = baseOf(field);
    // `val/1.JPEG` → `1`; a name without the ending of an image stays whole.
    const stem = isImageName(base) ? parse(base).name : base;
    return this.#byName.get(base) ?? this.#byStem.get(stem);
  }
}

/** The last part of a path, whichever system wrote it. */
function baseOf(path: string): string {
  return parse(nameKey(path).replaceAll('\\', '/')).base;
}
