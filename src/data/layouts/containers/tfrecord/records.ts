/**
 * TFRecord files: of each record its length, the checksum of that, its bytes and their checksum.
 * https://www.tensorflow.org/tutorials/load_data/tfrecord
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataError } from '../../../../errors.js';
import { CONTENT_BYTES, notWhatItsNameSays } from '../../../../system/file-content.js';
import { maskedChecksum } from '../../../../system/masked-checksum.js';
import type { ByteSource } from '../../byte-source.js';

/** Bytes of a record in what it is read from. */
export interface RecordPlace {
  readonly start: number;
  readonly end: number;
}

const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;
const HEAD_BYTES = LENGTH_BYTES + CHECKSUM_BYTES;
/** A longer record is damage, and its bytes would take that much memory. */
const MOST_BYTES = 2 ** 30;
/** Records that are passed before signals and progress get their turn. */
const TURN = 256;

/** The records of a file; `path` is for messages. Throws a DataError where it is cut off or damaged. */
export async function* recordsIn(source: ByteSource, path: string): AsyncGenerator<RecordPlace> {
  let number = 0;
  for (let at = source.start; at < source.end; number++) {
    if (number % TURN === 0) await nextTurn();
    if (at + HEAD_BYTES > source.end) throw truncated(path, number);
    const head = source.read(at, HEAD_BYTES);
    const length = Number(head.readBigUInt64LE());
    const fits = isHead(head);
    if (!fits || length > MOST_BYTES) {
      if (number === 0) throw noRecords(source, path);
      throw new DataError(
        `${path} is damaged: record ${number}, at byte ${at - source.start}, has a length that cannot be right or does not fit its checksum. Compare it with the original.`,
      );
    }
    const start = at + HEAD_BYTES;
    const end = start + length;
    at = end + CHECKSUM_BYTES;
    if (at > source.end) throw truncated(path, number);
    yield { start, end };
  }
}

/** Whether a file begins with a length that fits its checksum. */
export function beginsRight({ start, end, read }: ByteSource): boolean {
  return start + HEAD_BYTES <= end && isHead(read(start, HEAD_BYTES));
}

function isHead(head: Buffer): boolean {
  return maskedChecksum(head.subarray(0, LENGTH_BYTES)) === head.readUInt32LE(LENGTH_BYTES);
}

/** Whether the bytes of a record are those that were written. */
export function isSound(source: ByteSource, { start, end }: RecordPlace): boolean {
  const bytes = source.read(start, end - start + CHECKSUM_BYTES);
  const length = end - start;
  return maskedChecksum(bytes.subarray(0, length)) === bytes.readUInt32LE(length);
}

/** The error for a record whose bytes changed. */
export function unsound(path: string, number: number): DataError {
  return new DataError(
    `${path} is damaged: the bytes of record ${number} do not fit their checksum. Compare it with the original.`,
  );
}

function truncated(path: string, number: number): DataError {
  return new DataError(
    `${path} is truncated: it ends in record ${number}. Compare its size with the original.`,
  );
}

function noRecords({ start, end, read }: ByteSource, path: string): DataError {
  const bytes = Buffer.from(read(start, Math.min(CONTENT_BYTES, end - start)));
  return notWhatItsNameSays(path, 'a TFRecord file', bytes);
}
