import type { Contents, Folder } from './folder.js';
import { pathOf } from './folder.js';

/** A folder that was looked into. */
export interface Opened {
  /** For messages. */
  readonly path: string;
  readonly contents: Contents;
}

export async function openedFolder(folder: Folder): Promise<Opened> {
  return { path: pathOf(folder), contents: await folder.contents() };
}

/** The text of a file in an opened folder, at most the first `most` bytes. */
export function readText({ contents }: Opened, name: string, most?: number): string {
  return contents
    .read(name, most)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}

/** The lines of a text that are not empty, without spaces around them. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
