/**
 * A dataset that a file lists: CSV or JSON lines with the path of each image, its class and perhaps
 * its part. Columns are known by their names; without such names the first is the path and the
 * second the class.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { DataError } from '../../../errors.js';
import { absolutePath, printable, systemPath } from '../../../system/file-names.js';
import { decodeText, splitLines } from '../../../system/text.js';
import { IMAGE_ENDINGS, isImageName } from '../../decode/formats.js';
import { cannotRead } from '../cannot-read.js';
import { LabelledImages } from '../containers/labelled-images.js';
import { count, list } from '../names.js';
import type { Layout } from '../read-layout.js';
import { type Part, partNamed } from '../splits.js';
import type { Survey } from '../survey.js';
import { wordsOf } from './words.js';

const DELIMITERS = [',', ';', '\t'];
/** Names of columns, without case, spaces, underscores and hyphens. */
const PATH = /^(path|file|filename|filepath|image|imagepath|imagefile|imagename|img|imageid|id)$/;
const LABEL = /^(label|class|category|target|wnid|synset|species|breed)s?(id|name|label)?$/;
const PART = /^(split|part|set|subset|partition|phase|usage)$/;

/** A line of the file. */
interface Row {
  readonly path: string;
  readonly label: string;
  /** As the file says it; undefined where it has no such column. */
  readonly part: string | undefined;
}

/** Reads what a file lists; paths are below `root` where they do not begin there. */
export function readLabelFile(file: string, root: string, survey: Survey): Layout {
  const name = printable(file);
  if (!statSync(systemPath(root)).isDirectory()) {
    throw new DataError(
      `${printable(root)} is no directory: the paths in ${name} are below one, which --data names.`,
    );
  }
  const rows = rowsIn(textOf(file), name);
  const ofPart = (part: Part | 'test') => rows.filter((row) => partOf(row, name) === part);
  const read = (some: readonly Row[]) => {
    const images = new LabelledImages(survey);
    const known = new Map<string, string>();
    for (const row of some) addRow(row, root, known, images, name);
    if (known.size < some.length) {
      survey.note(`${name} lists ${count(some.length - known.size, 'image')} more than once.`);
    }
    const found = images.part(root);
    return found && { ...found, kind: 'flat' as const, labelFile: name };
  };
  const [train, val, test] = [ofPart('train'), ofPart('val'), ofPart('test')];
  if (train.length === 0) throw new DataError(`${name} lists no training images.`);
  const trained = read(train);
  return {
    name: `images that ${basename(name)} lists`,
    train: trained,
    val: read(val.length > 0 ? val : test),
    noVal: `${name} lists no validation images: add a column "split" with train and val, or take validation images from the training set with --val-fraction 0.1.`,
    words: wordsOf(trained?.classes ?? [], []),
  };
}

function textOf(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(systemPath(file));
  } catch (cause) {
    throw cannotRead(file, cause);
  }
  try {
    return decodeText(bytes);
  } catch (cause) {
    throw new DataError(`Cannot read ${printable(file)}: ${(cause as Error).message}.`, { cause });
  }
}

function rowsIn(text: string, file: string): Row[] {
  const rows = text.trimStart().startsWith('{') ? jsonRows(text, file) : csvRows(text, file);
  if (rows.length > 0) return rows;
  throw new DataError(`${file} lists no images: expected lines of a path and a class.`);
}

function csvRows(text: string, file: string): Row[] {
  const [first = ''] = splitLines(text);
  const delimiter = DELIMITERS.find((other) => first.includes(other)) ?? ',';
  let records: string[][];
  try {
    records = parse(text, { delimiter, trim: true, skip_empty_lines: true, relax_quotes: true });
  } catch (cause) {
    throw new DataError(`Cannot read ${file}: ${(cause as Error).message}.`, { cause });
  }
  const [head = []] = records;
  const titled = columnsOf(head);
  const { path, label, part } = titled ?? { path: 0, label: 1, part: -1 };
  const body = titled === undefined ? records : records.slice(1);
  return body.map((fields, index) => {
    const number = index + (titled === undefined ? 1 : 2);
    return checkedRow(
      fields[path],
      fields[label],
      part < 0 ? undefined : fields[part],
      number,
      file,
    );
  });
}

/** Where a line has what, if the names of the columns say so. */
function columnsOf(names: readonly string[]) {
  const find = (pattern: RegExp) => names.findIndex((name) => pattern.test(keyOf(name)));
  const [path, label, part] = [find(PATH), find(LABEL), find(PART)];
  return path < 0 || label < 0 ? undefined : { path, label, part };
}

function jsonRows(text: string, file: string): Row[] {
  return splitLines(text).flatMap((line, index) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw new DataError(`Line ${index + 1} of ${file} is no JSON: ${(cause as Error).message}.`, {
        cause,
      });
    }
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    const find = (pattern: RegExp) => entries.find(([name]) => pattern.test(keyOf(name)))?.[1];
    return [checkedRow(find(PATH), find(LABEL), find(PART), index + 1, file)];
  });
}

function keyOf(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '');
}

function checkedRow(
  path: unknown,
  label: unknown,
  part: unknown,
  number: number,
  file: string,
): Row {
  const isLabel = typeof label === 'number' || (typeof label === 'string' && label !== '');
  if (typeof path === 'string' && path !== '' && !path.includes('\0') && isLabel) {
    return { path, label: String(label), part: part === undefined ? undefined : String(part) };
  }
  const lacks = typeof path === 'string' && path !== '' ? 'class' : 'path';
  throw new DataError(
    `Line ${number} of ${file} has no ${lacks}: expected a path and a class, as path,label or {"path": …, "label": …}.`,
  );
}

function partOf({ path, part }: Row, file: string): Part | 'test' {
  if (part === undefined) return 'train';
  const named = partNamed(part);
  if (named !== undefined) return named;
  throw new DataError(
    `${file} says that ${printable(path)} is of the part "${printable(part)}": expected train, val or test.`,
  );
}

function addRow(
  { path, label }: Row,
  root: string,
  known: Map<string, string>,
  images: LabelledImages,
  file: string,
): void {
  const whole = withEnding(isAbsolute(path) ? absolutePath(path) : join(root, path));
  const before = known.get(whole);
  if (before !== undefined && before !== label) {
    throw new DataError(
      `${file} lists ${printable(path)} as ${list([before])} and as ${list([label])}.`,
    );
  }
  if (before !== undefined) return;
  known.set(whole, label);
  images.place({ path: dirname(whole) });
  const size = statSync(systemPath(whole), { throwIfNoEntry: false })?.size ?? -1;
  images.add({ name: basename(whole), size }, /^\d+$/.test(label) ? Number(label) : label);
}

/** A file that is listed without its ending, as Kaggle lists images by their ids. */
function withEnding(path: string): string {
  if (isImageName(path) || existsSync(systemPath(path))) return path;
  const ending = IMAGE_ENDINGS.find((other) => existsSync(systemPath(`${path}${other}`)));
  return `${path}${ending ?? ''}`;
}
