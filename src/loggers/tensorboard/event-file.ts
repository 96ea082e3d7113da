/** TensorBoard's event files: a TFRecord for each event. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { DataError } from '../../errors.js';
import { makeDirectories, withPath } from '../../system/files.js';
import { maskedChecksum } from '../../system/masked-checksum.js';
import { EventSchema } from './event_pb.js';

/** What an event holds besides its time. */
export type EventContent = Omit<MessageInitShape<typeof EventSchema>, 'wallTime' | '$typeName'>;

export interface EventFile {
  /** Writes an event to the end at once; returns before the disk has it. */
  append(event: EventContent): void;
  close(): void;
}

/** Of the two, readers want this one: steps after a restart replace those from before. */
const FILE_VERSION = 'brain.Event:2';

/**
 * Begins an event file in a directory, beside those of earlier starts. It is a new one, so that
 * what a stranger put in the directory is neither read nor written to.
 */
export async function createEventFile(
  directory: string,
  seconds: () => number = () => Date.now() / 1000,
): Promise<EventFile> {
  await makeDirectories(directory);
  if (!(await lstat(directory)).isDirectory()) {
    throw new DataError(`Expected ${directory} to be a directory but it is a link: remove it`);
  }
  const [path, file] = openNew(directory, seconds());
  const append = (event: EventContent) => {
    const message = create(EventSchema, { wallTime: seconds(), ...event });
    try {
      writeSync(file, record(toBinary(EventSchema, message)));
    } catch (error) {
      throw withPath(error, path);
    }
  };
  append({ what: { case: 'fileVersion', value: FILE_VERSION } });
  return { append, close: () => closeSync(file) };
}

/** Readers take the files of a directory in the order of their names. */
function openNew(directory: string, seconds: number): [path: string, file: number] {
  const start = Math.floor(seconds).toString().padStart(10, '0');
  const host = hostname().replace(/[^\w.-]/g, '_');
  const path = join(directory, `events.out.tfevents.${start}.${host}.${process.pid}`);
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND;
  for (let count = 0; ; count++) {
    const free = `${path}.${count}`;
    try {
      return [free, openSync(free, flags)];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A TFRecord: length, its checksum, the bytes, their checksum. */
export function record(bytes: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(8 + 4 + bytes.byteLength + 4);
  framed.writeBigUInt64LE(BigInt(bytes.byteLength), 0);
  framed.writeUInt32LE(maskedChecksum(framed.subarray(0, 8)), 8);
  framed.set(bytes, 12);
  framed.writeUInt32LE(maskedChecksum(bytes), 12 + bytes.byteLength);
  return framed;
}
