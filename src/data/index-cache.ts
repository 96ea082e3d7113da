/**
 * Indexes of large datasets on the disk, so that a start need not look at each file again. A file
 * is a line with its length and checksum, the header as JSON, and the columns of each part, each at
 * a multiple of 8 bytes, in the byte order of the machine.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { printable, systemPath } from '../system/file-names.js';
import { makeDirectories, writeAtomically } from '../system/files.js';
import { systemReason } from '../system/system-errors.js';
import { CACHE_ADVICE, cacheDirectory } from './cache-directory.js';
import { type ImageColumns, ImageTable, type Place } from './image-table.js';
import type { DatasetIndex, IndexedSplit } from './indexed-dataset.js';
import type { IndexSource } from './layouts/survey.js';

/** Changes whenever the meaning of the file does; an older file is ignored. */
const VERSION = 3;
/** Four 32-bit numbers: version, checksum of everything after it, bytes of the header, and 0. */
const PREFIX_BYTES = 16;
const CHECKED_FROM = 8;

/** A part in the header. Paths are less the root. */
interface StoredPart {
  readonly path: string;
  readonly places: readonly Place[];
  readonly images: number;
  readonly nameBytes: number;
  readonly inArchives: boolean;
}

interface Header {
  readonly sources: readonly IndexSource[];
  readonly about: Omit<DatasetIndex, 'name' | 'root' | 'train' | 'val'>;
  readonly train: StoredPart;
  readonly val: StoredPart | null;
}

/** The kept index of a dataset, if nothing that it was made from has changed since. */
export async function loadIndex(root: string): Promise<Omit<DatasetIndex, 'name'> | undefined> {
  const bytes = readIndex(root);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0, true) !== VERSION) return undefined;
  if (view.getUint32(4, true) !== crc32(bytes.subarray(CHECKED_FROM))) return undefined;
  const headerBytes = view.getUint32(8, true);
  const text = Buffer.from(bytes.buffer, PREFIX_BYTES, headerBytes).toString('utf8');
  const { sources, about, train, val } = JSON.parse(text) as Header;
  if (!sources.every(isUnchanged)) return undefined;
  const columns = new ColumnReader(bytes.buffer, PREFIX_BYTES + headerBytes);
  return {
    ...about,
    root,
    train: columns.part(train, root),
    val: val === null ? undefined : columns.part(val, root),
  };
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
  const header: Header = { sources, about, train: first as StoredPart, val: second ?? null };
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

function readIndex(root: string): Uint8Array<ArrayBuffer> | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(fileOf(root));
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
  const stats = statSync(systemPath(path), { bigint: true, throwIfNoEntry: false });
  return String(stats?.mtimeNs) === modified;
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

class ColumnReader {
  readonly #buffer: ArrayBuffer;
  #at: number;

  constructor(buffer: ArrayBuffer, at: number) {
    this.#buffer = buffer;
    this.#at = at;
  }

  part({ path, places, images, nameBytes, inArchives }: StoredPart, root: string): IndexedSplit {
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
    return { path: root + path, labels, images: new ImageTable(columns) };
  }

  /** Where the next column begins. */
  #take(bytes: number): number {
    const at = this.#at;
    this.#at += Math.ceil(bytes / 8) * 8;
    return at;
  }
}
