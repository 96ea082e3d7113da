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
/** What an unpacked variable may take at most. */
const MOST_BYTES = 1 << 28;
/** The most numbers of an array: those of ILSVRC have a few thousand. */
const MOST_NUMBERS = 1 << 20;
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
  const variables: Record<string, MatValue> = {};
  const file = new Elements(bytes.subarray(HEADER_BYTES), order === 'IM');
  while (!file.done) {
    let element = file.next();
    if (element.type === COMPRESSED) {
      const unpacked = inflateSync(element.data, { maxOutputLength: MOST_BYTES });
      element = new Elements(unpacked, order === 'IM').next();
    }
    const { name, value } = readMatrix(element, order === 'IM', 0);
    variables[name] = value;
  }
  return variables;
}

interface Element {
  readonly type: number;
  readonly data: Buffer;
}

/** Tagged data, one after the other; each begins at a multiple of 8 bytes. */
class Elements {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  #at = 0;

  constructor(bytes: Buffer, little: boolean) {
    this.#bytes = bytes;
    this.#little = little;
  }

  get done(): boolean {
    return this.#at + 8 > this.#bytes.length;
  }

  next(): Element {
    if (this.done) throw new Error('it ends early');
    const view = viewOf(this.#bytes);
    const first = view.getUint32(this.#at, this.#little);
    // A small element has its length in the upper half of the first word and its data in the second.
    const small = first >>> 16;
    const type = first & 0xffff;
    const length = small > 0 ? small : view.getUint32(this.#at + 4, this.#little);
    const start = this.#at + (small > 0 ? 4 : 8);
    if (start + length > this.#bytes.length || small > 4) throw new Error('it ends early');
    const end = small > 0 ? this.#at + 8 : start + length;
    // Compressed elements are not padded.
    this.#at = type === COMPRESSED ? end : Math.ceil(end / 8) * 8;
    return { type, data: this.#bytes.subarray(start, start + length) };
  }

  numbers(): number[] {
    return numbersIn(this.next(), this.#little);
  }
}

function readMatrix(
  { type, data }: Element,
  little: boolean,
  depth: number,
): { name: string; value: MatValue } {
  if (type !== MATRIX || depth > MOST_DEPTH) throw new Error('it holds something else than arrays');
  // An empty array may have no parts at all.
  if (data.length === 0) return { name: '', value: [] };
  const parts = new Elements(data, little);
  const [flags = 0] = parts.numbers();
  const count = parts.numbers().reduce((product, size) => product * size, 1);
  const name = asText(parts.next(), little);
  const kind = flags & 0xff;
  const below = () => readMatrix(parts.next(), little, depth + 1).value;
  if (kind === STRUCT) return { name, value: readStructs(parts, count, below, little) };
  if (kind === CELL) return { name, value: { cells: times(count, below) } };
  if (kind === CHAR) return { name, value: asText(parts.next(), little) };
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
  little: boolean,
): MatStruct[] {
  const [width = 0] = parts.numbers();
  const names = asText(parts.next(), little);
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

function numbersIn({ type, data }: Element, little: boolean): number[] {
  const [bytes, read] = NUMBERS[type] ?? [0, undefined];
  if (read === undefined) throw new Error(`it holds data of the type ${type}, which is not read`);
  const count = Math.floor(data.length / bytes);
  if (count > MOST_NUMBERS) throw new Error(`it holds an array of ${count} numbers`);
  const view = viewOf(data);
  return times(count, (index) => read(view, index * bytes, little));
}

function asText(element: Element, little: boolean): string {
  if (element.type === UTF8) return element.data.toString('utf8');
  return numbersIn(element, little)
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
