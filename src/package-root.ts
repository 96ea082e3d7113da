import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The directory of this package, which holds package.json, bin/, build/ and, where the program was
 * compiled, dist/: the nearest one above this file with a package.json.
 */
export const PACKAGE_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The commands that build what is missing, for the working directory. */
export const SET_UP = commandFor(join(PACKAGE_ROOT, 'bin/setup'));
export const SET_UP_CUDA = `${SET_UP} --cuda`;
export const SET_UP_TENSORFLOW = `${SET_UP} --tensorflow`;

/** The version of this package. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version;
}

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory)
    throw new Error(`No package.json above ${fileURLToPath(import.meta.url)}`);
  return findRoot(parent);
}

function commandFor(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}
