import { crc32 } from 'node:zlib';
import type { StoredHeader } from '../../src/data/index-check.js';

/** The file with another header or other columns, and the right checksum. */
export function forged(
  bytes: Buffer,
  change: (header: StoredHeader, columns: Buffer) => void,
): Buffer {
  const length = bytes.readUInt32LE(8);
  const header = JSON.parse(bytes.toString('utf8', 16, 16 + length));
  const columns = Buffer.from(bytes.subarray(16 + length));
  change(header, columns);
  const text = Buffer.from(JSON.stringify(header));
  const json = Buffer.concat([text, Buffer.alloc(-text.length & 7, ' ')]);
  const prefix = Buffer.from(bytes.subarray(0, 16));
  prefix.writeUInt32LE(json.length, 8);
  const file = Buffer.concat([prefix, json, columns]);
  file.writeUInt32LE(crc32(file.subarray(8)), 4);
  return file;
}
