/** Damages files as disks, downloads and people who mean harm do, with fast-check. */
import fc from 'fast-check';

/** Numbers on which readers stumble, of up to 8 bytes. */
const ODD_NUMBERS = [0n, 1n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn];
const LARGE_NUMBERS = [2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

type ByteChange = (bytes: Buffer) => Buffer;

/**
 * A place in the file, as a share of its length, so that it shrinks and grows with it. Of the doubles
 * that `fc.double` draws most are next to 0.
 */
const place = fc.nat({ max: 2 ** 24 - 1 }).map((draw) => draw / 2 ** 24);
const at = (bytes: Buffer, share: number) => Math.floor(share * bytes.length);

const changes: fc.Arbitrary<ByteChange> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([share, value]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at(copy, share)] = value;
    return copy;
  }),
  fc
    .tuple(
      place,
      fc.constantFrom(1, 2, 4, 8),
      fc.constantFrom(...ODD_NUMBERS, ...LARGE_NUMBERS),
      fc.boolean(),
      fc.constantFrom(1, 4),
    )
    .map(([share, size, value, little, aligned]) => (bytes: Buffer) => {
      const copy = Buffer.from(bytes);
      const from = at(copy, share) - (at(copy, share) % aligned);
      for (let index = 0; index < size && from + index < copy.length; index++) {
        const shift = BigInt(8 * (little ? index : size - 1 - index));
        copy[from + index] = Number((value >> shift) & 0xffn);
      }
      return copy;
    }),
  place.map((share) => (bytes: Buffer) => bytes.subarray(0, at(bytes, share))),
  fc.tuple(place, fc.uint8Array({ maxLength: 16 })).map(([share, added]) => (bytes: Buffer) => {
    const from = at(bytes, share);
    return Buffer.concat([bytes.subarray(0, from), added, bytes.subarray(from)]);
  }),
  fc.tuple(place, place, place).map(([from, to, into]) => (bytes: Buffer) => {
    const part = bytes.subarray(at(bytes, Math.min(from, to)), at(bytes, Math.max(from, to)));
    const target = at(bytes, into);
    return Buffer.concat([bytes.subarray(0, target), part, bytes.subarray(target)]);
  }),
  fc.tuple(place, place).map(([from, to]) => (bytes: Buffer) => {
    const [first, last] = [at(bytes, Math.min(from, to)), at(bytes, Math.max(from, to))];
    return Buffer.concat([bytes.subarray(0, first), bytes.subarray(last)]);
  }),
);

/** One of the files with one to four changes. */
export function damagedFile(seeds: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(changes, { minLength: 1, maxLength: 4 }))
    .map(([seed, list]) => list.reduce((bytes, change) => change(bytes), seed));
}

const ODD_VALUES: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, '', 0, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 1e5, [], {}, [[]]],
    ...[
      '..',
      '/../../etc/passwd',
      '/dev/zero',
      '\0',
      '\x1b[2J',
      '__proto__',
      'é',
      'x'.repeat(5000),
    ],
    ...[Array.from({ length: 2000 }, () => 0), { __proto__: null, constructor: 1 }],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A JSON value with one to three of its parts replaced, removed, doubled or, if numbers, scaled. */
export function damagedJson(seed: unknown): fc.Arbitrary<unknown> {
  const change = fc.record({
    path: fc.array(place, { maxLength: 6 }),
    how: fc.constantFrom('replace', 'remove', 'double', 'scale'),
    factor: fc.constantFrom(-1, 0.5, 2),
    value: ODD_VALUES,
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((list) => {
    const copy = { root: structuredClone(seed) };
    for (const one of list) changePart(copy, one);
    return copy.root;
  });
}

interface Change {
  readonly path: readonly number[];
  readonly how: string;
  readonly factor: number;
  readonly value: unknown;
}

/** Goes down from the root by the shares of a path, as far as there are parts. */
function changePart(holder: { root: unknown }, { path, how, factor, value }: Change): void {
  let parent: Record<string, unknown> = holder;
  let key = 'root';
  for (const share of path) {
    const node = parent[key];
    if (typeof node !== 'object' || node === null) break;
    const keys = Object.keys(node);
    if (keys.length === 0) break;
    parent = node as Record<string, unknown>;
    key = keys[Math.floor(share * keys.length)] as string;
  }
  const part = parent[key];
  if (how === 'scale' && typeof part === 'number') parent[key] = part * factor;
  else if (how === 'replace' || key === 'root') parent[key] = structuredClone(value);
  else if (how === 'remove') delete parent[key];
  else if (Array.isArray(parent)) parent.push(structuredClone(part));
  else parent[`${key}2`] = structuredClone(part);
}

const ODD_DOUBLES = [
  ...[Number.NaN, Infinity, -Infinity, -1, -0.5, 0, 0.5, 1, 1e-300, 7.5, 8, 9, 16, 255, 256, 1e5],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 1e300, -(2 ** 31), -(2 ** 63), -1e300],
];

/** Numbers of which one to four are others. */
export function damagedNumbers(seed: Float64Array): fc.Arbitrary<Float64Array> {
  const value = fc.oneof(fc.constantFrom(...ODD_DOUBLES), fc.double(), fc.nat(40));
  return fc
    .array(fc.tuple(fc.nat(seed.length - 1), value), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const copy = Float64Array.from(seed);
      for (const [place, number] of changes) copy[place] = number;
      return copy;
    });
}
