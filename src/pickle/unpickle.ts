/**
 * Reads pickles of plain data, of protocols 2 to 5. It builds numbers, texts, tuples, lists and dicts
 * and what the caller's globals make of them; it imports and executes nothing.
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
import {
  Dict,
  describeValue,
  type Global,
  isGlobal,
  List,
  LongString,
  type Made,
  PickleError,
  type Value,
} from './values.js';

/** The bytes of a file or in memory. */
export interface PickleBytes {
  /** Bytes before the first one. */
  readonly start: number;
  /** Bytes before the end. */
  readonly end: number;
  /** Valid until the next call. */
  read(position: number, length: number): Buffer;
}

/** What a caller expects in a pickle. */
export interface Dialect {
  /** As messages say it, such as "plain tensors in dicts". */
  readonly content: string;
  /** By `module name`. */
  readonly globals: ReadonlyMap<string, Global>;
  /** Each makes one small object at most. */
  readonly mostOperations: number;
  /** Longer strings are given by their place. */
  readonly mostText: number;
  /** What a persistent id stands for; without it there are none. */
  persistent?(id: Value): Value;
  /** Gives something that the caller made its attributes; without it they are dropped. */
  build?(made: Made, state: Value): void;
}

const STOP = 0x2e;
const PROTOCOLS = { from: 2, to: 5 };

/** Reads the value that a pickle describes, and where it ends; throws a PickleError. */
export function unpickle(
  bytes: PickleBytes,
  dialect: Dialect,
): { readonly value: Value; readonly end: number } {
  const machine = new Machine(bytes, dialect);
  for (let count = 0; count < dialect.mostOperations; count++) {
    const at = machine.position;
    const code = machine.byte();
    if (code === STOP) return { value: machine.pop(), end: machine.position };
    const operation = OPERATIONS.get(code);
    if (operation === undefined) {
      const name = REFUSED.get(code) ?? `0x${code.toString(16).padStart(2, '0')}`;
      throw new PickleError(
        `opcode ${name} at byte ${at - bytes.start} is not one of ${dialect.content}`,
      );
    }
    operation(machine);
  }
  throw new PickleError(`it has more than ${dialect.mostOperations} operations`);
}

/** The stack machine that a pickle is a program of. */
class Machine {
  position: number;
  readonly #bytes: PickleBytes;
  readonly #dialect: Dialect;
  readonly #memo = new Map<number, Value>();
  #stack: Value[] = [];
  readonly #outer: Value[][] = [];

  constructor(bytes: PickleBytes, dialect: Dialect) {
    this.position = bytes.start;
    this.#bytes = bytes;
    this.#dialect = dialect;
  }

  take(length: number): Buffer {
    const at = this.position;
    this.skip(length);
    const bytes = this.#bytes.read(at, length);
    if (bytes.length < length) throw new PickleError('it ends early');
    return bytes;
  }

  skip(length: number): void {
    if (!(length <= this.#bytes.end - this.position)) throw new PickleError('it ends early');
    this.position += length;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  string(length: number): void {
    const at = this.position;
    if (length > this.#dialect.mostText) {
      this.skip(length);
      this.push(new LongString(at, length));
    } else {
      this.push(this.take(length).toString('utf8'));
    }
  }

  line(): string {
    let line = '';
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) {
      line += String.fromCharCode(byte);
      if (line.length > MOST_NAME) throw new PickleError('a name in it has no end');
    }
    return line;
  }

  push(value: Value): void {
    this.#stack.push(value);
  }

  pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined) throw new PickleError(`nothing is left to take at ${this.#place()}`);
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
    if (outer === undefined) throw new PickleError(`there is no mark at ${this.#place()}`);
    this.#stack = outer;
    return values;
  }

  append(items: readonly Value[]): void {
    const list = this.#top(List);
    for (const item of items) list.items.push(item);
  }

  setItems(items: readonly Value[]): void {
    const { entries } = this.#top(Dict);
    for (let at = 0; at + 1 < items.length; at += 2) {
      entries.set(items[at] as Value, items[at + 1] as Value);
    }
  }

  remember(place = this.#memo.size): void {
    this.#memo.set(place, this.#stack.at(-1) ?? null);
  }

  recall(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw new PickleError(`nothing was kept under ${place}`);
    this.push(value);
  }

  global(module: Value, name: Value): void {
    const { globals, content } = this.#dialect;
    const found = globals.get(`${module} ${name}`);
    if (found === undefined) {
      const dotted = JSON.stringify(`${module}.${name}`);
      throw new PickleError(`it asks for ${dotted}, which is no part of ${content}`);
    }
    this.push(found);
  }

  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!isGlobal(callable) || callable.call === undefined || !Array.isArray(args)) {
      throw new PickleError(`${describeValue(callable)} is called at ${this.#place()}`);
    }
    this.push(callable.call(args));
  }

  persistent(): void {
    const { persistent } = this.#dialect;
    const id = this.pop();
    if (persistent === undefined) {
      throw new PickleError(`a persistent id is no part of ${this.#dialect.content}`);
    }
    this.push(persistent(id));
  }

  /** Attributes of dicts are dropped: the `_metadata` of a state_dict. */
  build(): void {
    const state = this.pop();
    const made = this.#stack.at(-1);
    if (made instanceof Dict) return;
    if (!isMade(made)) this.#refuseFilled(made);
    this.#dialect.build?.(made, state);
  }

  #top<T extends Value>(type: new () => T): T {
    const value = this.#stack.at(-1);
    return value instanceof type ? value : this.#refuseFilled(value);
  }

  #refuseFilled(value: Value | undefined): never {
    throw new PickleError(`${describeValue(value)} is filled at ${this.#place()}`);
  }

  #place(): string {
    return `byte ${this.position - this.#bytes.start}`;
  }
}

const MOST_NAME = 1024;

/** By opcode. */
const OPERATIONS: ReadonlyMap<number, (machine: Machine) => void> = new Map([
  // PROTO, FRAME
  [0x80, (m) => checkProtocol(m.byte())],
  [0x95, (m) => m.skip(8)],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2, LONG1, BINFLOAT
  [0x4a, (m) => m.push(m.take(4).readInt32LE())],
  [0x4b, (m) => m.push(m.byte())],
  [0x4d, (m) => m.push(m.take(2).readUInt16LE())],
  [0x8a, (m) => m.push(longOf(m.take(m.byte())))],
  [0x47, (m) => m.push(m.take(8).readDoubleBE())],
  // BINSTRING, SHORT_BINSTRING, BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  [0x54, (m) => m.string(m.take(4).readUInt32LE())],
  [0x55, (m) => m.string(m.byte())],
  [0x42, (m) => m.string(m.take(4).readUInt32LE())],
  [0x43, (m) => m.string(m.byte())],
  [0x8e, (m) => m.string(Number(m.take(8).readBigUInt64LE()))],
  [0x96, (m) => m.string(Number(m.take(8).readBigUInt64LE()))],
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
  [0x58, (m) => m.string(m.take(4).readUInt32LE())],
  [0x8c, (m) => m.string(m.byte())],
  [0x8d, (m) => m.string(Number(m.take(8).readBigUInt64LE()))],
  // MARK, EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x28, (m) => m.mark()],
  [0x29, (m) => m.push([])],
  [0x74, (m) => m.push(m.popMark())],
  [0x85, (m) => m.push(m.popTuple(1))],
  [0x86, (m) => m.push(m.popTuple(2))],
  [0x87, (m) => m.push(m.popTuple(3))],
  // EMPTY_LIST, APPEND, APPENDS
  [0x5d, (m) => m.push(new List())],
  [0x61, (m) => m.append([m.pop()])],
  [0x65, (m) => m.append(m.popMark())],
  // EMPTY_DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.push(new Dict())],
  [0x73, (m) => m.setItems(m.popTuple(2))],
  [0x75, (m) => m.setItems(m.popMark())],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, (m) => m.remember(m.byte())],
  [0x72, (m) => m.remember(m.take(4).readUInt32LE())],
  [0x94, (m) => m.remember()],
  [0x68, (m) => m.recall(m.byte())],
  [0x6a, (m) => m.recall(m.take(4).readUInt32LE())],
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD, BINPERSID
  [0x63, (m) => m.global(m.line(), m.line())],
  [0x93, (m) => globalOfStack(m)],
  [0x52, (m) => m.reduce()],
  [0x62, (m) => m.build()],
  [0x51, (m) => m.persistent()],
]);

/** The names of opcodes that are refused and that people are likely to meet. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x69, 'INST'],
  [0x6f, 'OBJ'],
  [0x81, 'NEWOBJ'],
  [0x92, 'NEWOBJ_EX'],
  [0x82, 'EXT1'],
  [0x83, 'EXT2'],
  [0x84, 'EXT4'],
  [0x50, 'PERSID'],
]);

function checkProtocol(protocol: number): void {
  const { from, to } = PROTOCOLS;
  if (protocol >= from && protocol <= to) return;
  throw new PickleError(`it is of protocol ${protocol}; expected ${from} to ${to}`);
}

/** A little-endian number in two's complement. */
function longOf(bytes: Buffer): number {
  if (bytes.length > 8) throw new PickleError(`a whole number takes ${bytes.length} bytes`);
  const padded = Buffer.alloc(8, (bytes.at(-1) ?? 0) & 0x80 ? 0xff : 0);
  bytes.copy(padded);
  return Number(padded.readBigInt64LE());
}

function globalOfStack(machine: Machine): void {
  const [module, name] = machine.popTuple(2);
  machine.global(module ?? null, name ?? null);
}

function isMade(value: Value | undefined): value is Made {
  const plain = value instanceof List || value instanceof LongString;
  return typeof value === 'object' && value !== null && 'kind' in value && !plain;
}
