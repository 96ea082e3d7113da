/**
 * Indexes of large datasets on the disk, so that a start need not look at each file again. A file
 * is a line with its length and checksum, the header as JSON, and the columns of each part, each at
 * a multiple of 8 bytes, in the byte order of the machine.
 */
import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CACHE_ADVICE, cacheDirectory } from '../cache-directory.js';
import { printable, systemPath } from '../system/file-names.js';
import { makeDirectories, writeAtomically } from '../system/files.js';
import { readRegularFile } from '../system/read-file.js';
import { systemReason } from '../system/system-errors.js';
import { type ImageColumns, ImageTable } from './image-table.js';
import { areSound, headerSchema, type StoredHeader, type StoredPart } from './index-check.js';
import type { DatasetIndex, IndexedSplit } from './indexed-dataset.js';
import type { IndexSource } from './layouts/survey.js';

/** Changes whenever the meaning of the file does; an older file is ignored. */
const VERSION = 5;
/** Four 32-bit numbers: version, checksum of everything after it, bytes of the header, and 0. */
const PREFIX_BYTES = 16;
const CHECKED_FROM = 8;
/** Room for forty million images. */
const MOST_BYTES = 2 ** 31;

/**
 * The kept index of a dataset, if nothing that it was made from has changed since. A file that is
 * damaged or odd counts as none.
 */
export async function loadIndex(root: string): Promise<Omit<DatasetIndex, 'name'> | undefined> {
  const bytes = await readIndex(root);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0, true) !== VERSION) return undefined;
  if (view.getUint32(4, true) !== crc32(bytes.subarray(CHECKED_FROM))) return undefined;
  const headerBytes = view.getUint32(8, true);
  if (headerBytes % 8 !== 0 || headerBytes > bytes.length - PREFIX_BYTES) return undefined;
  const header = headerIn(Buffer.from(bytes.buffer, PREFIX_BYTES, headerBytes).toString('utf8'));
  if (header === undefined || !header.sources.every(isUnchanged)) return undefined;
  const { about, train, val } = header;
  const columns = new ColumnReader(bytes.buffer, PREFIX_BYTES + headerBytes);
  if (bytesOf(train) + (val === null ? 0 : bytesOf(val)) !== columns.left) return undefined;
  const { classes, strangers } = about;
  const first = columns.part(train, root, classes.length);
  const second = val === null ? null : columns.part(val, root, classes.length + strangers.length);
  if (first === undefined || second === undefined) return undefined;
  return { ...about, root, train: first, val: second ?? undefined };
}

function headerIn(text: string): StoredHeader | undefined {
  try {
    return headerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Stores an index. Returns a sentence where that fails; the index is then made again at the next
 * start.
 */
export async function saveIndex(
  { name: _, root, train, val, ...about }: DatasetIndex,
  sources: readonly IndexSource[],
): Promise<string | undefined> {
  const parts = val === undefined ? [train] : [train, val];
  const [first, second] = parts.map((part) => storedPart(part, root));
  const header = { root, sources, about, train: first, val: second ?? null };
  const columns = [Buffer.from(JSON.stringify(header)), ...parts.flatMap(columnsOf)];
  // zlib's crc32 starts over at an empty buffer.
  const chunks = columns.filter((bytes) => bytes.length > 0).map(padded);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(VERSION, 0);
  prefix.writeUInt32LE(chunks[0]?.length ?? 0, 8);
  const checksum = chunks.reduce(
    (sum, chunk) => crc32(chunk, sum),
    crc32(prefix.subarray(CHECKED_FROM)),
  );
  prefix.writeUInt32LE(checksum, 4);
  const file = fileOf(root);
  try {
    await makeDirectories(dirname(file));
    await writeAtomically(file, stream([prefix, ...chunks]));
    return undefined;
  } catch (error) {
    return `Cannot keep the index of ${printable(root)}, which is made again at each start: ${systemReason(error)}. ${CACHE_ADVICE}.`;
  }
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function readIndex(root: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readRegularFile(fileOf(root), MOST_BYTES);
  } catch {
    // No cache yet, or no such root: reading it reports that.
    return undefined;
  }
  // A copy, whose columns begin at multiples of 8 bytes.
  return bytes.length < PREFIX_BYTES ? undefined : new Uint8Array(bytes);
}

function fileOf(root: string): string {
  const key = createHash('sha256')
    .update(realpathSync.native(systemPath(root), 'buffer'))
    .digest('hex')
    .slice(0, 32);
  return join(cacheDirectory(), 'indexes', key);
}

function isUnchanged({ path, modified }: IndexSource): boolean {
  try {
    const stats = statSync(systemPath(path), { bigint: true, throwIfNoEntry: false });
    return String(stats?.mtimeNs) === modified;
  } catch {
    // Not a path, or one that may not be looked at.
    return false;
  }
}

function storedPart({ path, images }: IndexedSplit, root: string): StoredPart {
  const { places, names, offsets } = images.columns;
  return {
    path: path.slice(root.length),
    places: places.map((place) => ({ ...place, path: place.path.slice(root.length) })),
    images: images.length,
    nameBytes: names.length,
    inArchives: offsets.length > 0,
  };
}

/** The columns in the order in which `ColumnReader.part` reads them. */
function columnsOf({ labels, images: { columns } }: IndexedSplit): Buffer[] {
  const { sizes, offsets, placeOf, nameStarts, names } = columns;
  return [sizes, offsets, labels, placeOf, nameStarts, names].map((column) =>
    Buffer.from(column.buffer, column.byteOffset, column.byteLength),
  );
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % 8;
  // Spaces, which JSON allows at its end.
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(8 - rest, ' ')]);
}

/** What `columnsOf` takes, each column at a multiple of 8 bytes. */
function bytesOf({ images, nameBytes, inArchives }: StoredPart): number {
  const columns = [8 * images, inArchives ? 8 * images : 0, 4 * images, 4 * images];
  return [...columns, 4 * (images + 1), nameBytes]
    .map((bytes) => Math.ceil(bytes / 8) * 8)
    .reduce((sum, bytes) => sum + bytes, 0);
}

class ColumnReader {
  readonly #buffer: ArrayBuffer;
  #at: number;

  constructor(buffer: ArrayBuffer, at: number) {
    this.#buffer = buffer;
    this.#at = at;
  }

  /** Bytes that are not read. */
  get left(): number {
    return this.#buffer.byteLength - this.#at;
  }

  /** The next part; undefined where it is not one of images of so many classes. */
  part(
    { path, places, images, nameBytes, inArchives }: StoredPart,
    root: string,
    classes: number,
  ): IndexedSplit | undefined {
    const sizes = new Float64Array(this.#buffer, this.#take(8 * images), images);
    const inside = inArchives ? images : 0;
    const offsets = new Float64Array(this.#buffer, this.#take(8 * inside), inside);
    const labels = new Int32Array(this.#buffer, this.#take(4 * images), images);
    const placeOf = new Uint32Array(this.#buffer, this.#take(4 * images), images);
    const starts = this.#take(4 * (images + 1));
    const columns: ImageColumns = {
      places: places.map((place) => ({ ...place, path: root + place.path })),
      placeOf,
      names: Buffer.from(this.#buffer, this.#take(nameBytes), nameBytes),
      nameStarts: new Uint32Array(this.#buffer, starts, images + 1),
      offsets,
      sizes,
    };
    if (!areSound(columns, labels, classes)) return undefined;
    return { path: root + path, labels, images: new ImageTable(columns) };
  }

  /** Where the next column begins. */
  #take(bytes: number): number {
    const at = this.#at;
    this.#at += Math.ceil(bytes / 8) * 8;
    return at;
  }
}
