import { DataError } from '../../errors.js';
import { decodeText } from '../../system/text.js';
import { type Contents, type Folder, pathOf } from './folder.js';

/** A folder that was looked into. */
export interface Opened {
  /** For messages. */
  readonly path: string;
  readonly contents: Contents;
}

/** A folder that was looked into, itself. */
export interface Place extends Opened {
  readonly folder: Folder;
}

/** What was found, so that a large tar file is not read again. */
const looked = new WeakMap<Folder, Promise<Place>>();

export function look(folder: Folder): Promise<Place> {
  const known = looked.get(folder);
  if (known !== undefined) return known;
  const path = pathOf(folder);
  const place = folder.contents().then((contents) => ({ folder, path, contents }));
  looked.set(folder, place);
  return place;
}

/**
 * The text of a file in an opened folder, at most the first `most` bytes. Throws a DataError where it is
 * no text.
 */
export function readText({ path, contents }: Opened, name: string, most?: number): string {
  const bytes = contents.read(name, most);
  try {
    return decodeText(bytes, { cut: bytes.length === most });
  } catch (cause) {
    throw new DataError(`Cannot read ${path}/${name}: ${(cause as Error).message}.`, { cause });
  }
}

/** The same; undefined, and the reason in `reasons`, where it is no text or cannot be read. */
export function readTextIfPossible(
  place: Opened,
  name: string,
  most: number,
  reasons: string[] = [],
): string | undefined {
  try {
    return readText(place, name, most);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    reasons.push(error.message);
    return undefined;
  }
}
