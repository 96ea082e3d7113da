import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataError } from '../../errors.js';
import { PICTURE_FILE } from '../decode.js';
import type { Place } from '../picture-table.js';
import { readBytes } from '../read-bytes.js';
import { Archive } from './archive.js';
import { type Contents, type Folder, isHidden } from './folder.js';
import { byCodeUnit } from './names.js';
import type { Survey } from './survey.js';

/** Opens a directory or a tar file. Throws a DataError if the path is neither. */
export function openFolder(path: string, survey: Survey): Folder {
  const stats = statOf(path);
  if (stats.isDirectory()) return new Directory(path, survey, []);
  if (stats.isFile() && path.endsWith('.tar')) return new Archive(path, survey);
  const packed = /\.(tgz|tbz2?|txz|zip|tar\.\w+)$/.test(path);
  const advice = packed ? ' Unpack it, or pack it as .tar, which is read in place.' : '';
  throw new DataError(
    `${path} is ${stats.isFile() ? 'a file' : 'no directory'}: expected a directory or a .tar file.${advice}`,
  );
}

class Directory implements Folder {
  readonly name: string;
  readonly place: Place;
  readonly #survey: Survey;
  /** Device and inode of the directories on the way here. */
  readonly #above: readonly string[];

  constructor(path: string, survey: Survey, above: readonly string[]) {
    this.name = basename(path);
    this.place = { path };
    this.#survey = survey;
    this.#above = above;
  }

  async contents(): Promise<Contents> {
    // Signals and progress get their turn between two directories.
    await nextTurn();
    const { path } = this.place;
    const stats = statOf(path);
    this.#survey.depend(path, stats.mtimeNs);
    const chain = [...this.#above, identity(stats)];
    const folders: string[] = [];
    const files: string[] = [];
    for (const entry of entriesOf(path)) {
      if (isHidden(entry.name)) continue;
      const target = entry.isSymbolicLink() ? this.#follow(entry.name, chain) : entry;
      if (target?.isDirectory()) folders.push(entry.name);
      else if (target?.isFile()) files.push(entry.name);
    }
    const archives = this.#archives(files, new Set(folders));
    const opened = [
      ...folders.map((name) => new Directory(join(path, name), this.#survey, chain)),
      ...archives.map((name) => new Archive(join(path, name), this.#survey)),
    ];
    return {
      folders: opened.sort((a, b) => byCodeUnit(a.name, b.name)),
      files: files.filter((name) => !name.endsWith('.tar')).sort(byCodeUnit),
      entry: (name) => ({ name, size: sizeOf(join(path, name)) }),
      read: (name, most) => this.#read(join(path, name), most),
    };
  }

  #read(file: string, most = Number.POSITIVE_INFINITY): Buffer {
    const { size, mtimeNs } = statOf(file);
    this.#survey.depend(file, mtimeNs);
    try {
      return readBytes({ file, offset: 0, length: Math.min(Number(size), most) });
    } catch (cause) {
      throw cannotRead(file, cause);
    }
  }

  /** What a link leads to; a link that leads nowhere counts as the file that its name promises. */
  #follow(
    name: string,
    chain: readonly string[],
  ): Pick<BigIntStats, 'isDirectory' | 'isFile'> | undefined {
    const file = join(this.place.path, name);
    const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) {
      this.#survey.note(`${file} is a link that leads nowhere.`);
      return { isDirectory: () => false, isFile: () => PICTURE_FILE.test(name) };
    }
    if (!stats.isDirectory() || !chain.includes(identity(stats))) return stats;
    this.#survey.note(`${file} links to a directory that it lies in and was left out.`);
    return undefined;
  }

  /** The tar files, less those that seem to be unpacked beside themselves. */
  #archives(files: readonly string[], folders: ReadonlySet<string>): string[] {
    return files.filter((name) => {
      if (!name.endsWith('.tar')) return false;
      const unpacked = folders.has(name.slice(0, -'.tar'.length));
      if (unpacked) {
        const file = join(this.place.path, name);
        this.#survey.note(`${file} lies beside a directory of the same name and was left out.`);
      }
      return !unpacked;
    });
  }
}

/** One synchronous stat costs 6 µs where an asynchronous one costs 15. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? -1;
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function statOf(path: string): BigIntStats {
  try {
    return statSync(path, { bigint: true });
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message : cause;
  return new DataError(`Cannot read ${path}: ${reason}.`, { cause });
}
