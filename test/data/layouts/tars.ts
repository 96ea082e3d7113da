/** Tar files for the tests, written by the system's tar. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { writeTree } from '../images.js';

export type Tree = Parameters<typeof writeTree>[1];
export type TarFormat = 'gnu' | 'ustar' | 'pax' | 'v7';

/** The bytes of a tar file with the files of a tree, in the order of their names. */
export function writeTar(
  file: string,
  files: Tree,
  { format = 'gnu', gzip = false }: { format?: TarFormat; gzip?: boolean } = {},
): void {
  const directory = mkdtempSync(join(tmpdir(), 'cnn-tar-'));
  writeTree(directory, files);
  mkdirSync(dirname(file), { recursive: true });
  const options = [`--format=${format}`, '--sort=name', gzip ? '-czf' : '-cf', resolve(file)];
  execFileSync('tar', [...options, '-C', directory, ...readdirSync(directory).sort()]);
  rmSync(directory, { recursive: true });
}
