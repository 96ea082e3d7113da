/** Makes weights files byte by byte, whole ones and broken ones. */
import { crc32 } from 'node:zlib';

/** A safetensors file of a header, as JSON or as the text itself, and its data. */
export function safetensors(header: unknown, data: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

export interface ZipEntry {
  readonly name: string;
  readonly content: Uint8Array;
  /** What the directory says, where it is not the truth. */
  readonly method?: number;
  readonly size?: number;
  readonly crc?: number;
  readonly offset?: number;
}

/** A zip file of stored entries. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const local: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const { name, content, method = 0, size = content.length, ...rest } of entries) {
    const { crc = crc32(content), offset = position } = rest;
    const fileName = Buffer.from(name);
    const about = [
      ...[uint16(20, 0, method, 0, 0), uint32(crc, size, size)],
      uint16(fileName.length, 0),
    ];
    local.push(Buffer.from('PK\x03\x04'), ...about, fileName, content);
    const place = [uint16(0, 0, 0), uint32(0, offset)];
    directory.push(Buffer.from('PK\x01\x02'), uint16(20), ...about, ...place, fileName);
    position += 30 + fileName.length + content.length;
  }
  const central = Buffer.concat(directory);
  const count = entries.length;
  const end = [uint16(0, 0, count, count), uint32(central.length, position), uint16(0)];
  return Buffer.concat([...local, central, Buffer.from('PK\x05\x06'), ...end]);
}

/** A zip file whose ZIP64 locator says where its directory is. */
export function zip64(offset: bigint): Buffer {
  const file = Buffer.alloc(110);
  file.write('504b0304', 'hex');
  file.write('504b0607', 68, 'hex');
  file.writeBigUInt64LE(offset, 76);
  file.writeUInt32LE(1, 84);
  file.write('504b050600000000', 88, 'hex');
  file.fill(0xff, 96, 108);
  return file;
}

function uint16(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

function uint32(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** Opcodes of protocol 2, as Python's pickletools names them. */
export const PROTO = Buffer.of(0x80, 2);
export const MARK = Buffer.from('(');
export const TUPLE = Buffer.from('t');
export const EMPTY_DICT = Buffer.from('}');
export const SETITEM = Buffer.from('s');
export const REDUCE = Buffer.from('R');
export const BINPERSID = Buffer.from('Q');
export const STOP = Buffer.from('.');

export function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`);
}

export function text(value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(value));
  return Buffer.concat([Buffer.from('X'), length, Buffer.from(value)]);
}

/** LONG1: any whole number of 64 bits. */
export function long(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return Buffer.concat([Buffer.of(0x8a, 8), bytes]);
}

export function tuple(...values: readonly Uint8Array[]): Buffer {
  return Buffer.concat([MARK, ...values, TUPLE]);
}

export interface TorchTensor {
  readonly type?: string;
  readonly key?: string;
  /** Numbers in the storage. */
  readonly count: number;
  readonly offset?: number;
  readonly size: readonly number[];
  readonly stride: readonly number[];
}

/** What torch.save writes for a tensor. */
export function tensor({ type = 'FloatStorage', key = '0', offset = 0, ...rest }: TorchTensor) {
  const { count, size, stride } = rest;
  const storage = tuple(
    text('storage'),
    global('torch', type),
    text(key),
    text('cpu'),
    long(count),
  );
  const numbers = (values: readonly number[]) => tuple(...values.map(long));
  return Buffer.concat([
    global('torch._utils', '_rebuild_tensor_v2'),
    MARK,
    storage,
    BINPERSID,
    long(offset),
    numbers(size),
    numbers(stride),
    Buffer.of(0x89),
    EMPTY_DICT,
    TUPLE,
    REDUCE,
  ]);
}

/** A pickled dict of names and pickled values. */
export function dict(items: Readonly<Record<string, Uint8Array>>): Buffer {
  const entries = Object.entries(items).map(([name, value]) =>
    Buffer.concat([text(name), value, SETITEM]),
  );
  return Buffer.concat([EMPTY_DICT, ...entries]);
}

export function pickle(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([PROTO, ...parts, STOP]);
}

/** The zip file of torch.save with a pickle and its storages. */
export function archive(
  data: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
): Buffer {
  return zip([
    { name: 'archive/data.pkl', content: data },
    ...Object.entries(storages).map(([key, content]) => ({ name: `archive/data/${key}`, content })),
  ]);
}

const LEGACY_MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');

export interface Legacy {
  readonly version?: number;
  readonly littleEndian?: boolean;
  /** Of the storages, in the order of the file. */
  readonly keys?: readonly string[];
  readonly storages?: readonly { readonly count: number; readonly content: Uint8Array }[];
}

/** The file of torch.save before PyTorch 1.6 with a pickle and its storages. */
export function legacy(data: Uint8Array, settings: Legacy = {}): Buffer {
  const { version = 1001, littleEndian = true, keys = [], storages = [] } = settings;
  const machine = dict({ little_endian: Buffer.of(littleEndian ? 0x88 : 0x89) });
  const list = Buffer.concat([Buffer.from(']('), ...keys.map(text), Buffer.from('e')]);
  const numbers = storages.flatMap(({ count, content }) => {
    const length = Buffer.alloc(8);
    length.writeBigInt64LE(BigInt(count));
    return [length, content];
  });
  const pickles = [pickle(long(version)), pickle(machine), data, pickle(list)];
  return Buffer.concat([LEGACY_MAGIC, ...pickles, ...numbers]);
}

export function float32(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
