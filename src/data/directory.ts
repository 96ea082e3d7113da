import { createHash } from 'node:crypto';
import { type Dirent, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { DataError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import type { Dataset, PictureList, Split } from './dataset.js';
import { PICTURE_FILE, readChannels } from './decode.js';
import { type PictureTable, TableBuilder } from './picture-table.js';

const VALIDATION_NAMES = ['val', 'valid', 'validation', 'test'];
const LAYOUT =
  'Expected an ImageNet-format directory: train/<class>/*.jpg and val/<class>/*.jpg (.jpg, .jpeg, .png or .webp)';

/** Opens an ImageNet-format directory. Throws a DataError that names what is missing and where. */
export async function openDirectory(root: string, name = basename(root)): Promise<Dataset> {
  const parts = await subdirectories(root, 'the data set');
  if (!parts.includes('train')) {
    throw new DataError(
      `No train directory in ${root}: found ${list(parts)}. ${LAYOUT}; pass the directory that holds train.`,
    );
  }
  const valName = VALIDATION_NAMES.find((candidate) => parts.includes(candidate));
  if (valName === undefined) {
    throw new DataError(
      `No validation pictures in ${root}: found ${list(parts)}. ${LAYOUT}; ${list(VALIDATION_NAMES)} will do as the name.`,
    );
  }
  const trainRoot = join(root, 'train');
  const valRoot = join(root, valName);
  const classes = await classFolders(trainRoot);
  const valClasses = await classFolders(valRoot);
  for (const folder of valClasses) {
    if (classes.includes(folder)) continue;
    throw new DataError(
      `The class "${folder}" in ${valRoot} is not in ${trainRoot}.${didYouMean(folder, classes)} Every validation class needs a folder of the same name in train.`,
    );
  }
  const train = await readSplit(trainRoot, classes, classes);
  const val = await readSplit(valRoot, valClasses, classes);
  return {
    name,
    root,
    classes,
    train,
    val,
    channels: await firstChannels(train.pictures),
    fingerprint: fingerprint(root, classes, [train.pictures, val.pictures]),
    warnings: missingClasses(classes, valClasses, valRoot),
  };
}

function missingClasses(classes: string[], valClasses: string[], valRoot: string): string[] {
  const present = new Set(valClasses);
  const missing = classes.filter((folder) => !present.has(folder));
  if (missing.length === 0) return [];
  return [
    `${missing.length} of ${classes.length} classes have no validation pictures in ${valRoot}: ${list(missing)}.`,
  ];
}

async function classFolders(directory: string): Promise<string[]> {
  const folders = await subdirectories(directory, basename(directory));
  if (folders.length > 0) return folders.sort(byCodeUnit);
  throw new DataError(`No class folders in ${directory}. ${LAYOUT}.`);
}

async function readSplit(
  directory: string,
  folders: string[],
  classes: string[],
): Promise<Split & { pictures: PictureTable }> {
  const indices = new Map(classes.map((folder, index) => [folder, index]));
  const table = new TableBuilder();
  const labels: number[] = [];
  for (const folder of folders) {
    const path = join(directory, folder);
    const entries = await entriesOf(path, `class "${folder}"`);
    const names = entries.filter(isPicture).map((entry) => entry.name);
    if (names.length === 0) {
      throw new DataError(
        `No pictures in ${path}: expected .jpg, .jpeg, .png or .webp files but found ${list(entries.map((entry) => entry.name))}. Add pictures or remove the folder.`,
      );
    }
    table.place({ path });
    for (const name of names.sort(byCodeUnit)) {
      table.add({ name, size: sizeOf(join(path, name)) });
      labels.push(indices.get(folder) as number);
    }
  }
  return { pictures: table.build(), labels: Int32Array.from(labels) };
}

function isPicture(entry: Dirent): boolean {
  return (entry.isFile() || entry.isSymbolicLink()) && PICTURE_FILE.test(entry.name);
}

/** Names of the folders in a directory, links to folders among them. */
async function subdirectories(directory: string, what: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(directory, what)) {
    const linked = entry.isSymbolicLink() && (await isDirectory(join(directory, entry.name)));
    if (entry.isDirectory() || linked) names.push(entry.name);
  }
  return names;
}

/** What a directory holds, without hidden files. */
async function entriesOf(directory: string, what: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => !entry.name.startsWith('.'));
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'it is a file' : `${cause}`;
    throw new DataError(`Cannot read ${what} at ${directory}: ${reason}. ${LAYOUT}.`, { cause });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Channels of the first picture that can be read. */
async function firstChannels(pictures: PictureList): Promise<1 | 3> {
  let reason: unknown;
  for (let index = 0; index < Math.min(10, pictures.length); index++) {
    try {
      return await readChannels(pictures.locate(index));
    } catch (error) {
      reason = error;
    }
  }
  throw new DataError(
    `Cannot read the first pictures, ${pictures.name(0)} and on: ${reason instanceof Error ? reason.message : reason}. Are they complete JPEG, PNG or WebP files?`,
    { cause: reason },
  );
}

/** Bytes of a file; one synchronous stat costs 6 µs where an asynchronous one costs 15. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? -1;
}

function fingerprint(
  root: string,
  classes: readonly string[],
  tables: readonly PictureTable[],
): string {
  const hash = createHash('sha256');
  hash.update(`${classes.join('\n')}\n`);
  for (const table of tables) {
    for (let index = 0; index < table.length; index++) {
      const size = table.columns.sizes[index] as number;
      hash.update(`${relative(root, table.name(index))} ${size < 0 ? 'missing' : size}\n`);
    }
  }
  return hash.digest('hex');
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The first few names for a message, or "nothing". */
function list(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
