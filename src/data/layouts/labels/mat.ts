/**
 * Reads MATLAB 5 files as far as ILSVRC's meta.mat needs it: numbers, texts, cells and structs, also
 * compressed. Everything else is an error.
 * https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
 */
import { inflateSync } from 'node:zlib';
import { describeContent } from '../../../system/file-content.js';

export type MatValue = number[] | string | MatStruct[] | MatCell;
/** One element of a struct array. */
export type MatStruct = { readonly [field: string]: MatValue };
/** The elements of a cell array. */
export interface MatCell {
  readonly cells: readonly MatValue[];
}

/** Data types of table 1-1; only numbers have a reader. */
const COMPRESSED = 15;
const MATRIX = 14;
type ReadNumber = (view: DataView, at: number, little: boolean) => number;
// biome-ignore format: the columns of the table
const NUMBERS: Readonly<Record<number, readonly [bytes: number, read: ReadNumber]>> = {
  1:  [1, (view, at) => view.getInt8(at)],
  2:  [1, (view, at) => view.getUint8(at)],
  3:  [2, (view, at, little) => view.getInt16(at, little)],
  4:  [2, (view, at, little) => view.getUint16(at, little)],
  5:  [4, (view, at, little) => view.getInt32(at, little)],
  6:  [4, (view, at, little) => view.getUint32(at, little)],
  7:  [4, (view, at, little) => view.getFloat32(at, little)],
  9:  [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  16: [1, (view, at) => view.getUint8(at)],
  17: [2, (view, at, little) => view.getUint16(at, little)],
};
const UTF8 = 16;
/** Array classes of table 1-3. */
const CELL = 1;
const STRUCT = 2;
const CHAR = 4;
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 15;
const COMPLEX_FLAG = 0x800;

const HEADER_BYTES = 128;
/** What the unpacked variables may take at most; those of ILSVRC take a megabyte. */
const MOST_BYTES = 1 << 26;
/** The most numbers, letters, structs and cells: ILSVRC has a few hundred thousand. */
const MOST_ELEMENTS = 1 << 21;
/** A file with deeper nesting is damaged. */
const MOST_DEPTH = 16;

/** The variables of a file by their names. Throws an Error that says what is wrong with it. */
export function readMat(bytes: Buffer): Record<string, MatValue> {
  const order = bytes.toString('latin1', 126, HEADER_BYTES);
  if (bytes.length < HEADER_BYTES || (order !== 'IM' && order !== 'MI')) {
    const kind = describeContent(bytes);
    throw new Error(`it is no MATLAB 5 file${kind === undefined ? '' : `: ${kind.what}`}`);
  }
  if (/^MATLAB 7\.3/.test(bytes.toString('latin1', 0, 10))) {
    throw new Error("it has MATLAB's format 7.3; save it with -v7");
  }
  const variables = new Map<string, MatValue>();
  const reading = new Reading(order === 'IM');
  const file = new Elements(bytes.subarray(HEADER_BYTES), reading);
  while (!file.done) {
    let element = file.next();
    if (element.type === COMPRESSED) {
      element = new Elements(reading.unpack(element.data), reading).next();
    }
    const { name, value } = readMatrix(element, reading, 0);
    variables.set(name, value);
  }
  return Object.fromEntries(variables);
}

/** The byte order of a file, and how much of it may still be read: a small file may unpack into gigabytes. */
class Reading {
  #elements = MOST_ELEMENTS;
  #bytes = MOST_BYTES;

  constructor(readonly little: boolean) {}

  /** Takes `count` elements, before there is memory for them. */
  take(count: number): void {
    this.#elements -= count;
    if (this.#elements < 0) throw new Error(`it holds more than ${MOST_ELEMENTS} elements`);
  }

  unpack(data: Buffer): Buffer {
    let unpacked: Buffer;
    try {
      unpacked = inflateSync(data, { maxOutputLength: this.#bytes });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw cause;
      throw new Error(`it unpacks into more than ${MOST_BYTES} bytes`, { cause });
    }
    this.#bytes = Math.max(1, this.#bytes - unpacked.length);
    return unpacked;
  }
}

interface Element {
  readonly type: number;
  readonly data: Buffer;
}

/** Tagged data, one after the other; each begins at a multiple of 8 bytes. */
class Elements {
  readonly #bytes: Buffer;
  readonly #reading: Reading;
  #at = 0;

  constructor(bytes: Buffer, reading: Reading) {
    this.#bytes = bytes;
    this.#reading = reading;
  }

  get done(): boolean {
    return this.#at + 8 > this.#bytes.length;
  }

  next(): Element {
    if (this.done) throw new Error('it ends early');
    const view = viewOf(this.#bytes);
    const { little } = this.#reading;
    const first = view.getUint32(this.#at, little);
    // A small element has its length in the upper half of the first word and its data in the second.
    const small = first >>> 16;
    const type = first & 0xffff;
    const length = small > 0 ? small : view.getUint32(this.#at + 4, little);
    const start = this.#at + (small > 0 ? 4 : 8);
    if (start + length > this.#bytes.length || small > 4) throw new Error('it ends early');
    const end = small > 0 ? this.#at + 8 : start + length;
    // Compressed elements are not padded.
    this.#at = type === COMPRESSED ? end : Math.ceil(end / 8) * 8;
    return { type, data: this.#bytes.subarray(start, start + length) };
  }

  numbers(): number[] {
    return numbersIn(this.next(), this.#reading);
  }
}

function readMatrix(
  { type, data }: Element,
  reading: Reading,
  depth: number,
): { name: string; value: MatValue } {
  reading.take(1);
  if (type !== MATRIX || depth > MOST_DEPTH) throw new Error('it holds something else than arrays');
  // An empty array may have no parts at all.
  if (data.length === 0) return { name: '', value: [] };
  const parts = new Elements(data, reading);
  const [flags = 0] = parts.numbers();
  const count = parts.numbers().reduce((product, size) => product * size, 1);
  const name = asText(parts.next(), reading);
  const kind = flags & 0xff;
  const below = () => readMatrix(parts.next(), reading, depth + 1).value;
  if (kind === STRUCT) return { name, value: readStructs(parts, count, below, reading) };
  if (kind === CELL) return { name, value: { cells: times(count, below) } };
  if (kind === CHAR) return { name, value: asText(parts.next(), reading) };
  if (kind < FIRST_NUMERIC || kind > LAST_NUMERIC || flags & COMPLEX_FLAG) {
    throw new Error(`"${name}" is an array of the kind ${kind}, which is not read here`);
  }
  const value = parts.numbers();
  if (value.length !== count) throw new Error(`"${name}" has ${value.length} of ${count} numbers`);
  return { name, value };
}

function readStructs(
  parts: Elements,
  count: number,
  below: () => MatValue,
  reading: Reading,
): MatStruct[] {
  const [width = 0] = parts.numbers();
  const names = asText(parts.next(), reading);
  if (width < 1) throw new Error('a struct has fields without names');
  const fields = times(Math.floor(names.length / width), (field) => {
    return untilZero(names.slice(field * width, (field + 1) * width));
  });
  if (fields.length === 0) throw new Error('a struct has no fields');
  return times(count, () => Object.fromEntries(fields.map((field) => [field, below()])));
}

/** What `make` gives; it throws before a damaged count can ask for too many. */
function times<T>(count: number, make: (index: number) => T): T[] {
  const made: T[] = [];
  for (let index = 0; index < count; index++) made.push(make(index));
  return made;
}

function numbersIn({ type, data }: Element, reading: Reading): number[] {
  const [bytes, read] = NUMBERS[type] ?? [0, undefined];
  if (read === undefined) throw new Error(`it holds data of the type ${type}, which is not read`);
  const count = Math.floor(data.length / bytes);
  reading.take(count);
  const view = viewOf(data);
  return times(count, (index) => read(view, index * bytes, reading.little));
}

function asText(element: Element, reading: Reading): string {
  if (element.type === UTF8) {
    reading.take(element.data.length);
    return element.data.toString('utf8');
  }
  return numbersIn(element, reading)
    .map((code) => String.fromCharCode(code))
    .join('');
}

function untilZero(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
