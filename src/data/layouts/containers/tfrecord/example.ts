/**
 * The features of a tf.train.Example by their places, so that the bytes of an image are passed over.
 * Example { Features features = 1 }, Features { map<string, Feature> feature = 1 }, Feature { oneof:
 * BytesList = 1, FloatList = 2, Int64List = 3 }, each a list with value = 1.
 * https://protobuf.dev/programming-guides/encoding/
 */
import type { ByteSource } from '../../byte-source.js';
import type { RecordPlace } from './records.js';

/** A field of a message. */
interface Field extends RecordPlace {
  readonly number: number;
  /** Of a varint. */
  readonly value: number;
}

const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const FIXED_32 = 5;
/** A number takes ten bytes at most. */
const MOST_VARINT = 10;
/** A longer name or text is damage. */
const MOST_TEXT = 2 ** 16;
const BYTES_LIST = 1;
const INT64_LIST = 3;

/** A value of a feature: a number, or bytes by their place. */
export type FeatureValue = number | RecordPlace;

/** The first values of the features that have bytes or whole numbers. Throws an Error where they are damaged. */
export function featuresOf(source: ByteSource, record: RecordPlace): Map<string, FeatureValue> {
  const found = new Map<string, FeatureValue>();
  for (const features of fieldsIn(source, record, 1)) {
    for (const entry of fieldsIn(source, features, 1)) {
      const [key] = fieldsIn(source, entry, 1);
      const [feature] = fieldsIn(source, entry, 2);
      const value = feature && firstValue(source, feature);
      if (key !== undefined && value !== undefined) found.set(textAt(source, key), value);
    }
  }
  return found;
}

/** The text that bytes are. */
export function textAt(source: ByteSource, { start, end }: RecordPlace): string {
  if (end - start > MOST_TEXT) throw new Error('a text in it is too long');
  return source.read(start, end - start).toString('utf8');
}

function firstValue(source: ByteSource, feature: Field): FeatureValue | undefined {
  const [bytes] = fieldsIn(source, feature, BYTES_LIST);
  if (bytes !== undefined) return fieldsIn(source, bytes, 1)[0];
  const [numbers] = fieldsIn(source, feature, INT64_LIST);
  if (numbers === undefined) return undefined;
  const [first] = fieldsIn(source, numbers, 1);
  // Packed into one field, or one by one.
  if (first === undefined || first.end === first.start) return first?.value;
  return varintAt(source, first.start, first.end).value;
}

/** The fields of one number in a message. */
function fieldsIn(source: ByteSource, { start, end }: RecordPlace, wanted: number): Field[] {
  const found: Field[] = [];
  for (let at = start; at < end; ) {
    const tag = varintAt(source, at, end);
    const field = fieldAt(source, tag.value % 8, tag.end, end);
    if (Math.floor(tag.value / 8) === wanted) found.push({ ...field, number: wanted });
    at = field.next;
  }
  return found;
}

/** The content of a field of a wire type; `start` equals `end` for a varint. */
function fieldAt(source: ByteSource, type: number, at: number, end: number) {
  const skip = (start: number, length: number, value = 0) => {
    if (start + length > end) throw new Error('a field ends after its message');
    return { start, end: start + length, value, next: start + length };
  };
  switch (type) {
    case VARINT: {
      const { value, end: next } = varintAt(source, at, end);
      return { start: at, end: at, value, next };
    }
    case FIXED_64:
      return skip(at, 8);
    case FIXED_32:
      return skip(at, 4);
    case DELIMITED: {
      const { value, end: start } = varintAt(source, at, end);
      return skip(start, value);
    }
    default:
      throw new Error('a field is of no known type');
  }
}

/** A number, of 64 bits in two's complement, and where it ends. */
function varintAt(source: ByteSource, at: number, end: number): { value: number; end: number } {
  const bytes = source.read(at, Math.min(MOST_VARINT, end - at));
  let value = 0n;
  for (const [index, byte] of bytes.entries()) {
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: Number(BigInt.asIntN(64, value)), end: at + index + 1 };
  }
  throw new Error('a number has no end');
}
