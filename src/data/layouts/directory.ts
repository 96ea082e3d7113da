import { type BigIntStats, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataError } from '../../errors.js';
import { decodeName, printable, REPLACEMENT, systemPath } from '../../system/file-names.js';
import { isImageName } from '../decode/formats.js';
import { readBytes } from '../decode/read-bytes.js';
import type { Place } from '../image-table.js';
import { cannotRead } from './cannot-read.js';
import type { Contents, Folder } from './folder.js';
import { leftBehind } from './left-behind.js';
import { byCodeUnit, isTarName, withoutTar } from './names.js';
import type { Survey } from './survey.js';
import { Archive } from './tar/archive.js';

/** Opens a directory or a tar file. Throws a DataError if the path is neither. */
export function openFolder(path: string, survey: Survey): Folder {
  const stats = statOf(path);
  if (stats.isDirectory()) return new Directory(path, survey, [realPath(path)]);
  if (stats.isFile() && isTarName(path)) return new Archive(path, survey);
  const packed = /\.(tgz|tbz2?|txz|zip|tar\.\w+)$/.test(path);
  const advice = packed ? ' Unpack it, or pack it as .tar, which is read in place.' : '';
  throw new DataError(
    `${printable(path)} is ${stats.isFile() ? 'a file' : 'no directory'}: expected a directory or a .tar file.${advice}`,
  );
}

type Kind = Pick<Stats, 'isDirectory' | 'isFile'>;

class Directory implements Folder {
  readonly name: string;
  readonly place: Place;
  readonly #survey: Survey;
  /** The directories on the way here and this one, without links in their paths. */
  readonly #way: readonly string[];
  /** What is left out is counted once. */
  #wasLookedInto = false;

  constructor(path: string, survey: Survey, way: readonly string[]) {
    this.name = basename(path);
    this.place = { path };
    this.#survey = survey;
    this.#way = way;
  }

  async contents(): Promise<Contents> {
    // Signals and progress get their turn between two directories.
    await nextTurn();
    const isFirst = !this.#wasLookedInto;
    this.#wasLookedInto = true;
    const { path } = this.place;
    this.#survey.depend(path, statOf(path).mtimeNs);
    const folders: string[] = [];
    const files: string[] = [];
    /** Where links to directories lead. */
    const linked = new Map<string, string>();
    for (const entry of entriesOf(path)) {
      const left = leftBehind(entry.name);
      if (left !== undefined) {
        if (isFirst) this.#survey.leaveOut(left);
        continue;
      }
      const target = entry.isSymbolicLink() ? this.#follow(entry.name, linked) : entry;
      if (target?.isDirectory()) folders.push(entry.name);
      else if (target?.isFile()) files.push(entry.name);
    }
    const archives = this.#archives(files, new Set(folders));
    const opened = [
      ...folders.map((name) => {
        const real = linked.get(name) ?? join(this.#way.at(-1) as string, name);
        return new Directory(join(path, name), this.#survey, [...this.#way, real]);
      }),
      ...archives.map((name) => new Archive(join(path, name), this.#survey)),
    ];
    return {
      folders: opened.sort((a, b) => byCodeUnit(a.name, b.name)),
      files: files.filter((name) => !isTarName(name)).sort(byCodeUnit),
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

  /**
   * What a link leads to, and nothing if that is a directory on the way here or one that holds it. A
   * link that leads nowhere counts as the file that its name promises.
   */
  #follow(name: string, linked: Map<string, string>): Kind | undefined {
    const file = join(this.place.path, name);
    const stats = statOrNothing(file);
    if (stats === undefined) {
      this.#survey.note(`${printable(file)} is a link that leads nowhere.`);
      return { isDirectory: () => false, isFile: () => isImageName(name) };
    }
    if (!stats.isDirectory()) return stats;
    const real = realPath(file);
    if (this.#way.some((path) => `${path}/`.startsWith(real.endsWith('/') ? real : `${real}/`))) {
      const link = printable(file);
      this.#survey.note(`${link} links to a directory that holds it and was left out.`);
      return undefined;
    }
    linked.set(name, real);
    return stats;
  }

  /** The tar files, less those that seem to be unpacked beside themselves. */
  #archives(files: readonly string[], folders: ReadonlySet<string>): string[] {
    return files.filter((name) => {
      if (!isTarName(name)) return false;
      const unpacked = folders.has(withoutTar(name));
      if (unpacked) {
        const file = printable(join(this.place.path, name));
        this.#survey.note(`${file} is beside a directory of the same name and was left out.`);
      }
      return !unpacked;
    });
  }
}

/** Bytes of a file, -1 if it cannot be asked for. */
function sizeOf(file: string): number {
  return statOrNothing(file)?.size ?? -1;
}

/** One synchronous stat costs 6 µs where an asynchronous one costs 15. */
function statOrNothing(file: string): Stats | undefined {
  try {
    return statSync(systemPath(file), { throwIfNoEntry: false });
  } catch {
    // A link in a circle, or a place that may not be looked into.
    return undefined;
  }
}

/** An entry of a directory. */
interface Entry extends Kind {
  readonly name: string;
  isSymbolicLink(): boolean;
}

function entriesOf(path: string): readonly Entry[] {
  try {
    const entries = readdirSync(systemPath(path), { withFileTypes: true });
    if (!entries.some(({ name }) => name.includes(REPLACEMENT))) return entries;
    const options = { withFileTypes: true, encoding: 'buffer' } as const;
    return readdirSync(systemPath(path), options).map((entry) => ({
      name: decodeName(entry.name),
      isDirectory: () => entry.isDirectory(),
      isFile: () => entry.isFile(),
      isSymbolicLink: () => entry.isSymbolicLink(),
    }));
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

/** A path without links in it. */
function realPath(path: string): string {
  return decodeName(realpathSync.native(systemPath(path), 'buffer'));
}

function statOf(path: string): BigIntStats {
  try {
    return statSync(systemPath(path), { bigint: true });
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}
