/** MATLAB files in parts, for tests. */
import { deflateSync } from 'node:zlib';

/** An element of a MATLAB file: its tag, and data up to a multiple of 8 bytes. */
export function element(type: number, data: Buffer): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc(-data.length & 7)]);
}

/** A cell array without a name. */
export function cellsOf(count: number, cells: Buffer): Buffer {
  const flags = element(6, Buffer.from(Uint32Array.of(1, 0).buffer));
  const sizes = element(5, Buffer.from(Int32Array.of(1, count).buffer));
  return element(14, Buffer.concat([flags, sizes, element(1, Buffer.alloc(0)), cells]));
}

/** A file with elements in a compressed variable. */
export function compressed(elements: Buffer): Buffer {
  const packed = deflateSync(elements);
  const start = Buffer.alloc(136);
  start.write('MATLAB 5.0', 0);
  start.write('IM', 126);
  start.writeUInt32LE(15, 128);
  start.writeUInt32LE(packed.length, 132);
  return Buffer.concat([start, packed]);
}
