import { join } from 'node:path';
import { printable } from '../../../system/file-names.js';
import type { Place as ImagePlace } from '../../image-table.js';
import { gunzipped } from '../../unpacked.js';
import { type ByteSource, withFile } from '../byte-source.js';
import type { Place } from '../opened.js';
import type { Survey } from '../survey.js';

/** A file that may hold many images, by itself or in a tar file. */
export interface ContainerFile {
  /** Its own name, as of file-names.ts. */
  readonly name: string;
  /** For messages. */
  readonly path: string;
  readonly size: number;
  /** The place of images in it. */
  readonly place: ImagePlace;
  /** Bytes before the file in what its place is read from. */
  readonly offset: number;
  /** Calls `use` with its bytes; positions count from the start of what its place is read from. */
  open<T>(use: (source: ByteSource) => T | Promise<T>): Promise<T>;
}

/** The files in a folder that was looked into. */
export function filesIn({ folder, contents, path }: Place, survey: Survey): ContainerFile[] {
  const { place } = folder;
  return contents.files.map((name) => {
    const { size, offset } = contents.entry(name);
    const range = offset === undefined ? undefined : { offset, size };
    const file = range === undefined ? join(place.path, name) : place.path;
    const inside = range === undefined ? '' : `${place.inside ?? ''}${name}:`;
    return {
      name,
      path: printable(range === undefined ? file : `${path}/${name}`),
      size,
      place: { path: file, inside },
      offset: offset ?? 0,
      open: (use) =>
        withFile(file, range, (source, mtimeNs) => {
          survey.depend(file, mtimeNs);
          return use(source);
        }),
    };
  });
}

/** The file that gzip has compressed as one that is read from a copy. */
export async function unzipped(file: ContainerFile): Promise<ContainerFile> {
  const { place, name, offset, size } = file;
  const member = place.inside === '' ? undefined : { name, offset, size };
  return fileFromCopy(file, await gunzipped(place.path, undefined, member));
}

/** The file whose images are read from a copy that is not compressed. */
export function fileFromCopy(file: ContainerFile, copy: string): ContainerFile {
  return {
    ...file,
    offset: 0,
    place: { ...file.place, unpacked: copy },
    // The file itself is opened too, for the index to depend on it.
    open: (use) => file.open(() => withFile(copy, undefined, (source) => use(source))),
  };
}
