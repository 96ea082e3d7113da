import { join } from 'node:path';
import { decodeName, encodeName, printable, REPLACEMENT } from '../system/file-names.js';
import type { Block, ImageList, ImageLocation, PixelForm } from './dataset.js';
import { wholeFile } from './decode/read-bytes.js';

/** A place that holds images: a directory, a folder inside a tar file, or a file of many images. */
export interface Place {
  /** Absolute path of the directory or file. */
  readonly path: string;
  /** For a file, the prefix of its images' names: `''`, `n01440764.tar:`; else undefined. */
  readonly inside?: string;
  /** How the pixels of its images are stored, where they are not encoded. */
  readonly pixels?: PixelForm;
  /** The compressed part of the file that holds the images. */
  readonly block?: Block;
  /** The file that the bytes are read from, where that at `path` is compressed as a whole. */
  readonly unpacked?: string;
}

/** The columns of a table; the offset of an image in a directory is not used. */
export interface ImageColumns {
  readonly places: readonly Place[];
  /** (images) Index into `places`. */
  readonly placeOf: Uint32Array;
  /** The bytes of the names, one after the other. */
  readonly names: Buffer;
  /** (images + 1) The position in `names` at which each name begins. */
  readonly nameStarts: Uint32Array;
  /** (images) Bytes before the image in the file or block; empty where all places are directories. */
  readonly offsets: Float64Array;
  /** (images) Bytes of the image; -1 where its size could not be read. */
  readonly sizes: Float64Array;
}

/** A list of images in a few columns: 1.28 million images take 50 MB, where strings take 300. */
export class ImageTable implements ImageList {
  constructor(readonly columns: ImageColumns) {}

  get length(): number {
    return this.columns.placeOf.length;
  }

  name(index: number): string {
    const { path, inside } = this.#place(index);
    const name = this.#nameInPlace(index);
    return printable(inside === undefined ? join(path, name) : `${path}:${inside}${name}`);
  }

  locate(index: number): ImageLocation {
    const { path, inside, pixels, block, unpacked } = this.#place(index);
    if (inside === undefined) return wholeFile(join(path, this.#nameInPlace(index)));
    const { offsets, sizes } = this.columns;
    return {
      file: unpacked ?? path,
      offset: offsets[index] as number,
      length: sizes[index] as number,
      ...(pixels && { pixels }),
      ...(block && { block }),
    };
  }

  #place(index: number): Place {
    const place = this.columns.places[this.columns.placeOf[index] ?? -1];
    if (place !== undefined) return place;
    throw new RangeError(`No image ${index} in a list of ${this.length}`);
  }

  #nameInPlace(index: number): string {
    const { names, nameStarts } = this.columns;
    const [start, end] = [nameStarts[index], nameStarts[index + 1]];
    const name = names.toString('utf8', start, end);
    return name.includes(REPLACEMENT) ? decodeName(names.subarray(start, end)) : name;
  }
}

/** What a table stores of an image. */
export interface TableEntry {
  /** As of file-names.ts. */
  readonly name: string;
  readonly size: number;
  readonly offset?: number;
}

/** Collects the images of a table, place by place. */
export class TableBuilder {
  readonly #places: Place[] = [];
  readonly #placeOf: number[] = [];
  readonly #offsets: number[] = [];
  readonly #sizes: number[] = [];
  readonly #nameStarts: number[] = [0];
  /** The indices of directories, which may come again in any order. */
  readonly #directories = new Map<string, number>();
  #place = -1;
  #names = Buffer.alloc(1 << 16);
  #used = 0;

  get length(): number {
    return this.#sizes.length;
  }

  /** Sets the place of the images that are added next. */
  place(place: Place): void {
    const isDirectory = place.inside === undefined;
    const known = isDirectory ? this.#directories.get(place.path) : undefined;
    this.#place = known ?? this.#places.push(place) - 1;
    if (isDirectory) this.#directories.set(place.path, this.#place);
  }

  add({ name, size, offset = 0 }: TableEntry): void {
    const bytes = encodeName(name);
    const end = this.#used + bytes.length;
    if (end > this.#names.length) this.#names = Buffer.concat([this.#names], end * 2);
    this.#names.set(bytes, this.#used);
    this.#used = end;
    this.#nameStarts.push(this.#used);
    this.#placeOf.push(this.#place);
    this.#sizes.push(size);
    this.#offsets.push(offset);
  }

  build(): ImageTable {
    const archives = this.#places.some(({ inside }) => inside !== undefined);
    return new ImageTable({
      places: this.#places,
      placeOf: Uint32Array.from(this.#placeOf),
      names: Buffer.from(this.#names.subarray(0, this.#used)),
      nameStarts: Uint32Array.from(this.#nameStarts),
      offsets: Float64Array.from(archives ? this.#offsets : []),
      sizes: Float64Array.from(this.#sizes),
    });
  }
}

/** A few images by the paths of their files. */
export function listFiles(files: readonly string[]): ImageList {
  function file(index: number): string {
    const path = files[index];
    if (path !== undefined) return path;
    throw new RangeError(`No image ${index} in a list of ${files.length}`);
  }
  return {
    length: files.length,
    name: (index) => printable(file(index)),
    locate: (index) => wholeFile(file(index)),
  };
}
