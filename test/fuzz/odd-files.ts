/** Files whose parts are whole but say odd things: damage at random places seldom gets that far. */
import fc from 'fast-check';
import { Header } from 'tar';
import {
  BINPERSID,
  EMPTY_DICT,
  global,
  long,
  MARK,
  PROTO,
  pickle,
  REDUCE,
  SETITEM,
  safetensors,
  type TorchTensor,
  TUPLE,
  tensor,
  text,
} from '../weights/files.js';

const WHOLE = [0, 1, 2, 3, 5, 6, 7, -1, -2, -3, 100, 2 ** 31, 2 ** 40, 2 ** 53 - 1, -(2 ** 53)];
const whole = fc.constantFrom(...WHOLE);
const fraction = fc.constantFrom(0.5, 1.5, -0.5);
const usually = <T>(value: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });

/**
 * A safetensors file whose offsets follow from its shapes, whatever these are, but for one that is
 * seldom shifted, and whose end is seldom elsewhere.
 */
export const oddSafetensors: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(
      fc.record({
        shape: usually([2, 3], fc.array(fc.oneof(whole, fraction), { maxLength: 4 })),
        shift: usually(0, fc.constantFrom(-24, -4, 4)),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    usually(0, fc.constantFrom(-4, 4, 24)),
  )
  .map(([tensors, more]) => {
    let end = 0;
    const entries = tensors.map(({ shape, shift }, index) => {
      const begin = end + shift;
      end = begin + 4 * shape.reduce((product, size) => product * size, 1);
      return [`${index}`, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
    });
    const bytes = Math.min(Math.max(0, Math.floor(end + more)), 4096);
    return safetensors(Object.fromEntries(entries), Buffer.alloc(bytes, 1));
  });

/** A tensor of six numbers by what torch.save says of it. */
export const oddTensor: fc.Arbitrary<TorchTensor> = fc.record({
  count: usually(6, whole),
  offset: usually(0, whole),
  size: usually([2, 3], fc.array(whole, { maxLength: 4 })),
  stride: usually([3, 1], fc.array(whole, { maxLength: 4 })),
});

/** A pickle of operations in any order. */
export const oddPickle: fc.Arbitrary<Buffer> = fc
  .array(
    fc.constantFrom<Uint8Array>(
      ...[PROTO, MARK, TUPLE, EMPTY_DICT, SETITEM, REDUCE, BINPERSID, long(6), long(-1)],
      ...['N', ')', ']', 'a', 'e', 'u', 'b', 'q\0', 'h\0', 'K\x07'].map((code) =>
        Buffer.from(code),
      ),
      ...[[0x88], [0x89], [0x85], [0x86], [0x87], [0x8a, 9], [0x58, 255, 255, 255, 255]].map(
        (code) => Buffer.from(code),
      ),
      ...['storage', '0', 'a', 'state_dict'].map(text),
      global('collections', 'OrderedDict'),
      global('torch', 'FloatStorage'),
      global('torch._utils', '_rebuild_tensor_v2'),
      global('torch._utils', '_rebuild_parameter'),
      tensor({ count: 6, size: [2, 3], stride: [3, 1] }),
    ),
    { maxLength: 12 },
  )
  .map((operations) => pickle(EMPTY_DICT, ...operations));

/** Places of a tar header, and what stands there seldom. */
const FIELDS = { name: [0, 100], size: [124, 12], type: [156, 1], link: [157, 100] } as const;
const TEXTS = [
  '',
  '0',
  '1.5',
  '77777777777',
  '-0000000001',
  'zzz',
  '1 0',
  '.',
  '..',
  '/',
  '../../x',
];
const ODD_FIELDS: readonly Buffer[] = [
  ...TEXTS.map((value) => Buffer.from(value)),
  ...[...'1257xgLKS\0'].map((type) => Buffer.from(type)),
  ...['ff', 'fffffffffffffffffffffe00', 'fffffffffffffffffffffc00'].map((hex) =>
    Buffer.alloc(12, hex, 'hex'),
  ),
  Buffer.from('800000007fffffffffffffff', 'hex'),
  Buffer.from('8000000000200000000000ff', 'hex'),
  Buffer.alloc(100, 'a'),
];

/** A tar file with one to three fields of its headers changed, and right checksums. */
export function oddTar(seeds: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const change = fc.record({
    header: fc.nat({ max: 9 }),
    field: fc.constantFrom(...Object.values(FIELDS)),
    value: fc.constantFrom(...ODD_FIELDS),
  });
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([seed, changes]) => {
      const copy = Buffer.from(seed);
      const headers = headersOf(copy);
      for (const { header, field, value } of changes) {
        const block = headers[header % headers.length] as Buffer;
        const [at, length] = field;
        block.fill(0, at, at + length);
        value.copy(block, at, 0, length);
      }
      return checkSummed(copy);
    });
}

/** A pax file with other records before its first file. */
export function oddPax(seed: Buffer): fc.Arbitrary<Buffer> {
  const record = fc.tuple(
    fc.constantFrom('path', 'linkpath', 'size', 'uid', '', 'size=1'),
    fc.constantFrom(...TEXTS, '-512', '-1024', '1e3', '9'.repeat(20), 'NaN', '\xff\xfe'),
    fc.constantFrom(0, 0, 0, -1, 1, 1000),
  );
  return fc.array(record, { minLength: 1, maxLength: 4 }).map((records) => {
    const lines = records.map(([key, value, wrong]) => {
      const line = ` ${key}=${value}\n`;
      let length = line.length;
      // The number counts its own digits.
      while (length < line.length + `${length}`.length) length++;
      return `${length + wrong}${line}`;
    });
    const copy = Buffer.from(seed);
    const [header, body] = extendedIn(copy);
    const length = body.fill(0).write(lines.join(''), 'latin1');
    header.write(`${length.toString(8).padStart(11, '0')}\0`, 124);
    return checkSummed(copy);
  });
}

/** The first extended header of a file, not of a folder, and the block of its records. */
function extendedIn(tar: Buffer): [header: Buffer, records: Buffer] {
  for (let at = 0; at + 1536 <= tar.length; at += 512) {
    const types =
      tar.toString('latin1', at + 156, at + 157) + tar.toString('latin1', at + 1180, at + 1181);
    if (types === 'x0') return [tar.subarray(at, at + 512), tar.subarray(at + 512, at + 1024)];
  }
  throw new Error('Expected a pax file');
}

/** A tar file whose headers have the checksums of what they hold. */
export function checkSummed(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (const block of headersOf(copy)) {
    if (isRight(block)) continue;
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return copy;
}

function headersOf(tar: Buffer): Buffer[] {
  return Array.from({ length: Math.floor(tar.length / 512) }, (_, index) =>
    tar.subarray(512 * index, 512 * (index + 1)),
  ).filter((block) => block.toString('latin1', 257, 262) === 'ustar');
}

function isRight(block: Buffer): boolean {
  try {
    return new Header(block, 0).cksumValid;
  } catch {
    return false;
  }
}
