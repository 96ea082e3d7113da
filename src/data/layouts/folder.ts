/**
 * Folders of images, whatever they are kept in: directories, tar files, folders inside tar files
 * and tar files inside tar files look the same, so that each layout is read from any of them. A tar
 * file is a folder with its name less `.tar`.
 */
import { printable } from '../../system/file-names.js';
import { isImageName } from '../decode/formats.js';
import type { Place, TableEntry } from '../image-table.js';

export interface Folder {
  /** The last part of its path, of a tar file without `.tar`; a name as of file-names.ts. */
  readonly name: string;
  readonly place: Place;
  contents(): Promise<Contents>;
}

/**
 * What a folder holds, in code-unit order of the names as of file-names.ts, without what systems leave
 * behind.
 */
export interface Contents {
  readonly folders: readonly Folder[];
  readonly files: readonly string[];
  /** One of the files. */
  entry(name: string): TableEntry;
  /** The bytes of one of the files, at most the first `most` of them. */
  read(name: string, most?: number): Buffer;
}

/** The folder for messages: `/data/train`, `/data/train.tar`, `/data/train.tar:n01440764.tar`. */
export function pathOf({ place: { path, inside = '' } }: Folder): string {
  return printable(inside === '' ? path : `${path}:${inside.replace(/[/:]$/, '')}`);
}

/** The names among files that are images by their ending. */
export function imagesAmong(files: readonly string[]): string[] {
  return files.filter(isImageName);
}
