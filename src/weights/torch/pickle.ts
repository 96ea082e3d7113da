/**
 * A reader of pickles (protocol 2) that hold plain data. It builds numbers, texts, tuples and dicts
 * and what the caller's globals make of them; it imports and executes nothing.
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */

/** A name that a pickle may use, and what calling it gives; without `call` it is only a value. */
export interface Global {
  readonly name: string;
  readonly call?: (args: readonly Value[]) => Value;
}

/** Something that the caller made: a tensor, a storage. */
export interface Made {
  readonly kind: string;
}

/** Tuples are arrays. */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | Dict
  | List
  | Global
  | Made;

export class Dict {
  readonly kind = 'dict';
  readonly entries = new Map<Value, Value>();
}

export class List {
  readonly kind = 'list';
  readonly items: Value[] = [];
}

export interface Unpickling {
  /** By `module name`. */
  readonly globals: ReadonlyMap<string, Global>;
  /** What a persistent id stands for. */
  persistent(id: Value): Value;
}

/** A pickle that is damaged, or that asks for more than plain data. */
export class PickleError extends Error {}

/** How to convert a refused file into one that can be read. */
export const CONVERT =
  "save the state_dict alone, where you trust the file: torch.save(model.state_dict(), 'new.pth')";

/** State dicts of the largest networks take 100 KB. */
export const MAX_PICKLE_BYTES = 2 ** 21;

/**
 * State dicts of the largest networks take 50,000; each operation makes at most one small object.
 */
const MAX_OPERATIONS = 2 ** 18;
const STOP = 0x2e;

/**
 * Reads the value that a pickle describes, and where it ends; throws a PickleError that names what is
 * not plain data.
 */
export function unpickle(
  bytes: Uint8Array,
  unpickling: Unpickling,
  position = 0,
): { readonly value: Value; readonly end: number } {
  const machine = new Machine(bytes, unpickling, position);
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    const at = machine.position;
    const code = machine.byte();
    if (code === STOP) return { value: machine.pop(), end: machine.position };
    const operation = OPERATIONS.get(code);
    if (operation === undefined) {
      const name = REFUSED.get(code) ?? `0x${code.toString(16).padStart(2, '0')}`;
      throw new PickleError(`opcode ${name} at byte ${at} is not one of plain tensors in dicts`);
    }
    operation(machine);
  }
  throw new PickleError(`it has more than ${MAX_OPERATIONS} operations`);
}

/** The stack machine that a pickle is a program of. */
class Machine {
  position: number;
  readonly #bytes: Buffer;
  readonly #unpickling: Unpickling;
  readonly #memo = new Map<number, Value>();
  #stack: Value[] = [];
  readonly #outer: Value[][] = [];

  constructor(bytes: Uint8Array, unpickling: Unpickling, position: number) {
    this.position = position;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#unpickling = unpickling;
  }

  take(length: number): Buffer {
    const start = this.position;
    if (length > this.#bytes.length - start) throw new PickleError('it ends early');
    this.position += length;
    return this.#bytes.subarray(start, start + length);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  text(length: number): string {
    return this.take(length).toString('utf8');
  }

  line(): string {
    const end = this.#bytes.indexOf('\n', this.position);
    if (end < 0) throw new PickleError('it ends early');
    const line = this.text(end - this.position);
    this.position++;
    return line;
  }

  push(value: Value): void {
    this.#stack.push(value);
  }

  pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined)
      throw new PickleError(`nothing is left to take at byte ${this.position}`);
    return value;
  }

  /** The values above `count` others, as a tuple. */
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
    if (outer === undefined) throw new PickleError(`there is no mark at byte ${this.position}`);
    this.#stack = outer;
    return values;
  }

  top<T extends Value>(type: new () => T): T {
    const value = this.#stack.at(-1);
    if (value instanceof type) return value;
    throw new PickleError(`${describeValue(value)} is filled at byte ${this.position}`);
  }

  holdsTensor(): boolean {
    const value = this.#stack.at(-1);
    return (
      typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor'
    );
  }

  remember(place: number): void {
    this.#memo.set(place, this.#stack.at(-1) ?? null);
  }

  recall(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw new PickleError(`nothing was kept under ${place}`);
    this.push(value);
  }

  global(module: string, name: string): void {
    const found = this.#unpickling.globals.get(`${module} ${name}`);
    if (found === undefined) {
      const dotted = JSON.stringify(`${module}.${name}`);
      throw new PickleError(`it asks for ${dotted}, which is no part of plain tensors in dicts`);
    }
    this.push(found);
  }

  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!isGlobal(callable) || callable.call === undefined || !Array.isArray(args)) {
      throw new PickleError(`${describeValue(callable)} is called at byte ${this.position}`);
    }
    this.push(callable.call(args));
  }

  persistent(): void {
    this.push(this.#unpickling.persistent(this.pop()));
  }

  setItems(items: readonly Value[]): void {
    const { entries } = this.top(Dict);
    for (let at = 0; at + 1 < items.length; at += 2) {
      entries.set(items[at] as Value, items[at + 1] as Value);
    }
  }
}

/** By opcode. */
const OPERATIONS: ReadonlyMap<number, (machine: Machine) => void> = new Map([
  // PROTO
  [0x80, (m) => checkProtocol(m.byte())],
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
  // SHORT_BINSTRING and BINSTRING, texts of Python 2, and BINUNICODE
  [0x55, (m) => m.push(m.text(m.byte()))],
  [0x54, (m) => m.push(m.text(m.take(4).readUInt32LE()))],
  [0x58, (m) => m.push(m.text(m.take(4).readUInt32LE()))],
  // MARK, EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x28, (m) => m.mark()],
  [0x29, (m) => m.push([])],
  [0x74, (m) => m.push(m.popMark())],
  [0x85, (m) => m.push(m.popTuple(1))],
  [0x86, (m) => m.push(m.popTuple(2))],
  [0x87, (m) => m.push(m.popTuple(3))],
  // EMPTY_LIST, APPEND, APPENDS
  [0x5d, (m) => m.push(new List())],
  [0x61, (m) => fillList(m, [m.pop()])],
  [0x65, (m) => fillList(m, m.popMark())],
  // EMPTY_DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.push(new Dict())],
  [0x73, (m) => m.setItems(m.popTuple(2))],
  [0x75, (m) => m.setItems(m.popMark())],
  // BINPUT, LONG_BINPUT, BINGET, LONG_BINGET
  [0x71, (m) => m.remember(m.byte())],
  [0x72, (m) => m.remember(m.take(4).readUInt32LE())],
  [0x68, (m) => m.recall(m.byte())],
  [0x6a, (m) => m.recall(m.take(4).readUInt32LE())],
  // GLOBAL, REDUCE, BINPERSID
  [0x63, (m) => m.global(m.line(), m.line())],
  [0x52, (m) => m.reduce()],
  [0x51, (m) => m.persistent()],
  // BUILD: attributes are dropped: `_metadata` of a state_dict, what a Parameter of old is besides.
  [0x62, (m) => dropAttributes(m)],
]);

/** The names of opcodes that are refused and that people are likely to meet. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x69, 'INST'],
  [0x6f, 'OBJ'],
  [0x81, 'NEWOBJ'],
  [0x92, 'NEWOBJ_EX'],
  [0x93, 'STACK_GLOBAL'],
  [0x95, 'FRAME'],
  [0x82, 'EXT1'],
  [0x83, 'EXT2'],
  [0x84, 'EXT4'],
  [0x50, 'PERSID'],
]);

function checkProtocol(protocol: number): void {
  if (protocol === 2) return;
  throw new PickleError(`it is of protocol ${protocol}; expected 2, which torch.save writes`);
}

/** A little-endian number in two's complement. */
function longOf(bytes: Buffer): number {
  if (bytes.length > 8) throw new PickleError(`a whole number takes ${bytes.length} bytes`);
  const padded = Buffer.alloc(8, (bytes.at(-1) ?? 0) & 0x80 ? 0xff : 0);
  bytes.copy(padded);
  return Number(padded.readBigInt64LE());
}

function fillList(machine: Machine, items: readonly Value[]): void {
  const list = machine.top(List);
  for (const item of items) list.items.push(item);
}

function dropAttributes(machine: Machine): void {
  machine.pop();
  if (!machine.holdsTensor()) machine.top(Dict);
}

function isGlobal(value: Value): value is Global {
  return typeof value === 'object' && value !== null && 'name' in value;
}

/** A value as messages show it. */
export function describeValue(value: Value | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'object') {
    if (Array.isArray(value)) return 'a tuple';
    return isGlobal(value) ? value.name : `a ${(value as Made).kind}`;
  }
  return typeof value === 'string' ? 'a text' : typeof value === 'number' ? 'a number' : `${value}`;
}
