/**
 * Reads pickles of plain data with arrays of NumPy in them, of protocols 2 to 5, without loading
 * the arrays: a long string of bytes is given by its place. It imports and executes nothing.
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
import type { ByteSource } from '../byte-source.js';

/** Bytes in the file. */
export class Stored {
  constructor(
    readonly offset: number,
    readonly length: number,
  ) {}
}

/** An array of NumPy. */
export class NumpyArray {
  stored: Stored | undefined;
  shape: readonly Value[] = [];
  /** `u1` is one of bytes. */
  type = '';
  /** The first index runs fastest. */
  fortran = false;
}

class Type {
  constructor(readonly name: string) {}
}

class Global {
  constructor(readonly name: string) {}
}

/** Tuples and lists are arrays, dicts are maps. Short strings are texts, whether bytes or not. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Value[]
  | Map<Value, Value>
  | Stored
  | NumpyArray
  | Type
  | Global;

/** Longer strings are not loaded. */
const MOST_TEXT = 1024;
/** CIFAR-100 takes 160,000. */
const MOST_OPERATIONS = 2 ** 22;
const STOP = 0x2e;

/** The value of a pickle. Throws an Error with a reason fit for a message. */
export function readPickle(source: ByteSource): Value {
  const machine = new Machine(source);
  for (let count = 0; count < MOST_OPERATIONS; count++) {
    const at = machine.position;
    const code = machine.byte();
    if (code === STOP) return machine.pop();
    const operation = OPERATIONS.get(code);
    if (operation === undefined) {
      const name = code.toString(16).padStart(2, '0');
      throw new Error(`opcode 0x${name} at byte ${at - source.start} is not one of plain data`);
    }
    operation(machine);
  }
  throw new Error(`it has more than ${MOST_OPERATIONS} operations`);
}

/** The stack machine that a pickle is a program of. */
class Machine {
  position: number;
  readonly #source: ByteSource;
  readonly #memo = new Map<number, Value>();
  #stack: Value[] = [];
  readonly #outer: Value[][] = [];

  constructor(source: ByteSource) {
    this.#source = source;
    this.position = source.start;
  }

  take(length: number): Buffer {
    const at = this.position;
    this.skip(length);
    const bytes = this.#source.read(at, length);
    if (bytes.length < length) throw new Error('it ends early');
    return bytes;
  }

  skip(length: number): void {
    if (!(length <= this.#source.end - this.position)) throw new Error('it ends early');
    this.position += length;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  /** A length of 8 bytes. */
  long(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  string(length: number): void {
    if (length <= MOST_TEXT) {
      this.push(this.take(length).toString('utf8'));
      return;
    }
    this.push(new Stored(this.position, length));
    this.skip(length);
  }

  line(): string {
    let line = '';
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) {
      line += String.fromCharCode(byte);
      if (line.length > MOST_TEXT) throw new Error('a name in it has no end');
    }
    return line;
  }

  push(value: Value): void {
    this.#stack.push(value);
  }

  pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined) throw new Error(`nothing is left to take at byte ${this.position}`);
    return value;
  }

  popTuple(count: number): Value[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  mark(): void {
    this.#outer.push(this.#stack);
    this.#stack = [];
  }

  /** The values since the last mark. */
  popMark(): Value[] {
    const values = this.#stack;
    const outer = this.#outer.pop();
    if (outer === undefined) throw new Error(`there is no mark at byte ${this.position}`);
    this.#stack = outer;
    return values;
  }

  append(values: readonly Value[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw new Error(`what is no list is filled at byte ${this.position}`);
    for (const value of values) list.push(value);
  }

  setItems(items: readonly Value[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map))
      throw new Error(`what is no dict is filled at byte ${this.position}`);
    for (let at = 0; at + 1 < items.length; at += 2) {
      map.set(items[at] as Value, items[at + 1] as Value);
    }
  }

  remember(place = this.#memo.size): void {
    this.#memo.set(place, this.#stack.at(-1) ?? null);
  }

  recall(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw new Error(`nothing was kept under ${place}`);
    this.push(value);
  }

  global(module: string, name: string): void {
    this.push(new Global(`${module.replace(/^numpy\._core\b/, 'numpy.core')} ${name}`));
  }

  reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    const call = callee instanceof Global ? CALLS.get(callee.name) : undefined;
    if (call === undefined || !Array.isArray(args)) {
      const name = callee instanceof Global ? callee.name.replace(' ', '.') : 'what is no function';
      throw new Error(`it calls ${name}, which is no part of plain arrays`);
    }
    this.push(call(args));
  }

  /** Sets the state of an array; that of a type says how wider numbers are stored. */
  build(): void {
    const state = this.pop();
    const made = this.#stack.at(-1);
    if (made instanceof Type) return;
    if (!(made instanceof NumpyArray) || !Array.isArray(state)) {
      throw new Error('it holds something that is no plain array');
    }
    const [, shape, type, fortran, bytes] = state;
    fill(made, bytes, type, shape, fortran === true);
  }
}

function fill(
  array: NumpyArray,
  bytes: Value | undefined,
  type: Value | undefined,
  shape: Value | undefined,
  fortran: boolean,
): NumpyArray {
  array.stored = bytes instanceof Stored ? bytes : undefined;
  array.type = type instanceof Type ? type.name : '';
  array.shape = Array.isArray(shape) ? shape : [];
  array.fortran = fortran;
  return array;
}

/** How Python 3 writes bytes in protocol 2: as a text whose characters take one or two bytes. */
function encoded(text: Value | undefined): Value {
  if (!(text instanceof Stored)) return text ?? null;
  throw new Error('Python 3 stored its pixels as a text; pickle it again with protocol=4');
}

/** What functions give. */
const CALLS: ReadonlyMap<string, (args: readonly Value[]) => Value> = new Map<
  string,
  (args: readonly Value[]) => Value
>([
  ['numpy.core.multiarray _reconstruct', () => new NumpyArray()],
  ['numpy dtype', ([name]) => new Type(String(name))],
  [
    'numpy.core.numeric _frombuffer',
    ([bytes, type, shape, order]) => fill(new NumpyArray(), bytes, type, shape, order === 'F'),
  ],
  ['_codecs encode', ([text]) => encoded(text)],
]);

/** By opcode. */
const OPERATIONS: ReadonlyMap<number, (machine: Machine) => void> = new Map([
  // PROTO, FRAME
  [0x80, (m) => m.skip(1)],
  [0x95, (m) => m.skip(8)],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2
  [0x4a, (m) => m.push(m.take(4).readInt32LE())],
  [0x4b, (m) => m.push(m.byte())],
  [0x4d, (m) => m.push(m.take(2).readUInt16LE())],
  // BINSTRING, SHORT_BINSTRING, BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  [0x54, (m) => m.string(m.take(4).readUInt32LE())],
  [0x55, (m) => m.string(m.byte())],
  [0x42, (m) => m.string(m.take(4).readUInt32LE())],
  [0x43, (m) => m.string(m.byte())],
  [0x8e, (m) => m.string(m.long())],
  [0x96, (m) => m.string(m.long())],
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
  [0x58, (m) => m.string(m.take(4).readUInt32LE())],
  [0x8c, (m) => m.string(m.byte())],
  [0x8d, (m) => m.string(m.long())],
  // MARK, EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x28, (m) => m.mark()],
  [0x29, (m) => m.push([])],
  [0x74, (m) => m.push(m.popMark())],
  [0x85, (m) => m.push(m.popTuple(1))],
  [0x86, (m) => m.push(m.popTuple(2))],
  [0x87, (m) => m.push(m.popTuple(3))],
  // EMPTY_LIST, APPEND, APPENDS
  [0x5d, (m) => m.push([])],
  [0x61, (m) => m.append([m.pop()])],
  [0x65, (m) => m.append(m.popMark())],
  // EMPTY_DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.push(new Map())],
  [0x73, (m) => m.setItems(m.popTuple(2))],
  [0x75, (m) => m.setItems(m.popMark())],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, (m) => m.remember(m.byte())],
  [0x72, (m) => m.remember(m.take(4).readUInt32LE())],
  [0x94, (m) => m.remember()],
  [0x68, (m) => m.recall(m.byte())],
  [0x6a, (m) => m.recall(m.take(4).readUInt32LE())],
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD
  [0x63, (m) => m.global(m.line(), m.line())],
  [0x93, (m) => stackGlobal(m)],
  [0x52, (m) => m.reduce()],
  [0x62, (m) => m.build()],
]);

function stackGlobal(machine: Machine): void {
  const [module, name] = machine.popTuple(2);
  machine.global(String(module), String(name));
}
