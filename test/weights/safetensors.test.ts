import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../src/errors.js';
import { openWeightsFile, safetensorsParts } from '../../src/weights/index.js';
import { temporaryDirectory } from '../commands/program.js';
import { float32, safetensors } from './files.js';

describe('safetensors files', () => {
  const directory = temporaryDirectory();
  const path = () => join(directory.path, 'weights.safetensors');

  async function valuesOf(file: Uint8Array): Promise<Record<string, number[]>> {
    await writeFile(path(), file);
    const { tensors, close } = await openWeightsFile(path());
    const values: Record<string, number[]> = {};
    for (const [name, tensor] of tensors) values[name] = [...(await tensor.read())];
    await close();
    return values;
  }

  it('are read as float32 from every number type', async () => {
    const parts = [
      ['F32', new Uint8Array(Float32Array.of(1, -2.5).buffer)],
      ['F64', new Uint8Array(Float64Array.of(1, -2.5).buffer)],
      ['I64', new Uint8Array(BigInt64Array.of(7n, -3n).buffer)],
      ['BF16', new Uint8Array(Uint16Array.of(0x3f80, 0xc020).buffer)],
      // 1, the smallest subnormal number, the largest, infinity: IEEE 754 binary16.
      ['F16', new Uint8Array(Uint16Array.of(0x3c00, 0x8001, 0x7bff, 0xfc00).buffer)],
    ] as const;
    let end = 0;
    const header = parts.map(([dtype, bytes]) => {
      end += bytes.length;
      const shape = [dtype === 'F16' ? 4 : 2];
      return [dtype, { dtype, shape, data_offsets: [end - bytes.length, end] }];
    });
    const data = Buffer.concat(parts.map(([, bytes]) => bytes));
    assert.deepEqual(await valuesOf(safetensors(Object.fromEntries(header), data)), {
      F32: [1, -2.5],
      F64: [1, -2.5],
      I64: [7, -3],
      BF16: [1, -2.5],
      F16: [1, -(2 ** -24), 65504, Number.NEGATIVE_INFINITY],
    });
  });

  it('are read in any order, without the counters of steps and of averages', async () => {
    const header = {
      b: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
      a: { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
      'bn.num_batches_tracked': { dtype: 'I64', shape: [], data_offsets: [12, 20] },
      n_averaged: { dtype: 'I64', shape: [], data_offsets: [20, 28] },
    };
    const data = Buffer.concat([float32(1, 2, 3), new Uint8Array(16)]);
    assert.deepEqual(await valuesOf(safetensors(header, data)), { a: [1, 2], b: [3] });
  });

  it('come back as they were written, with the classes', async () => {
    const tensors = [
      { name: 'a', shape: [2, 2], read: async () => Float32Array.of(1, 2, 3, 4) },
      { name: 'b/c', shape: [], read: async () => Float32Array.of(-0.5) },
    ];
    const parts: Uint8Array[] = [];
    for await (const part of safetensorsParts(tensors, ['cat', '🐕'])) parts.push(part);
    assert.equal(((parts[0]?.length ?? 0) + (parts[1]?.length ?? 0)) % 8, 0);
    assert.deepEqual(await valuesOf(Buffer.concat(parts)), { a: [1, 2, 3, 4], 'b/c': [-0.5] });
    const { classes, close } = await openWeightsFile(path());
    assert.deepEqual(classes, ['cat', '🐕']);
    await close();
  });

  const field = (shape: readonly unknown[], begin: unknown, end: unknown, dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const two = { a: field([1], 0, 4), b: field([1], 4, 8) };
  const eight = new Uint8Array(8);
  /** The length of the header and what follows. */
  const claiming = (length: bigint) => {
    const file = safetensors(two, eight);
    file.writeBigUInt64LE(length);
    return file;
  };
  const bad: readonly [string, Uint8Array, RegExp][] = [
    ['a header longer than any', claiming(2n ** 63n), /header claims 9223372036854775808 bytes/],
    ['a header longer than the file', claiming(5000n), /claims 5000 bytes of a file of/],
    ['a header cut short', claiming(20n), /header is not JSON/],
    ['a header that is not JSON', safetensors('{"a": '), /header is not JSON/],
    ['text that is not UTF-8', safetensors('{"\xff').fill(0xff, 10), /header is not JSON/],
    ['deep nesting', safetensors(`{"a":${'['.repeat(1e6)}`), /header is not JSON/],
    [
      'deep nesting that is closed',
      safetensors(`{"a":${'['.repeat(9e5)}${']'.repeat(9e5)}}`),
      /"a"/,
    ],
    [
      'a field without offsets',
      safetensors({ a: { dtype: 'F32', shape: [1] } }),
      /"a", data_offsets/,
    ],
    ['a field that is null', safetensors({ a: null }), /"a"/],
    ['a negative offset', safetensors({ a: field([1], -4, 0) }, eight), /"a", data_offsets, 0/],
    ['an offset that is no whole number', safetensors({ a: field([1], 0.5, 4.5) }, eight), /"a"/],
    ['an offset beyond 2^53', safetensors({ a: field([1], 1e300, 1e300) }, eight), /"a"/],
    [
      'offsets the wrong way round',
      safetensors({ a: field([1], 4, 0) }, eight),
      /has -4, from 4 to 0/,
    ],
    [
      'a shape of another size',
      safetensors({ a: field([3], 0, 8) }, eight),
      /takes 12 bytes but has 8/,
    ],
    ['a negative length', safetensors({ a: field([-1, -2], 0, 8) }, eight), /"a", shape, 0/],
    [
      'a huge shape',
      safetensors({ a: field([2 ** 50, 2 ** 50], 0, 8) }, eight),
      /takes .* but has 8/,
    ],
    ['too many axes', safetensors({ a: field(Array(9).fill(1), 0, 4) }, eight), /"a", shape/],
    ['overlapping tensors', safetensors({ ...two, b: field([1], 2, 6) }, eight), /"b" overlaps/],
    ['a gap', safetensors({ a: field([1], 4, 8) }, eight), /"a" leaves a gap/],
    [
      'one name twice',
      safetensors(`{"a":${JSON.stringify(two.a)},"a":${JSON.stringify(two.b)}}`, eight),
      /gap/,
    ],
    [
      'tensors beyond the end',
      safetensors(two, new Uint8Array(7)),
      /cut short: its tensors take 8 bytes and it has 7/,
    ],
    ['bytes after the tensors', safetensors(two, new Uint8Array(9)), /too long/],
    [
      'an unknown number type',
      safetensors({ a: field([8], 0, 8, 'U8') }, eight),
      /numbers of type U8; expected one of F16/,
    ],
    ['metadata that is no map', safetensors({ __metadata__: [1], ...two }, eight), /__metadata__/],
    [
      'classes that are no list',
      safetensors({ __metadata__: { classes: '{}' }, ...two }, eight),
      /classes/,
    ],
    [
      'no header at all',
      Buffer.from('{"a": 1} is not a safetensors file'),
      /neither a safetensors file nor one of torch\.save or Keras/,
    ],
    ['an empty file', Buffer.alloc(0), /only 0 bytes/],
  ];
  for (const [what, file, message] of bad) {
    it(`are refused with ${what}`, async () => {
      await writeFile(path(), file);
      await assert.rejects(openWeightsFile(path()), (error) => {
        assert.ok(error instanceof DataError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(`Cannot read the weights ${path()}: `));
        return true;
      });
    });
  }

  it('are refused where they get shorter while they are read', async () => {
    const file = safetensors(two, eight);
    await writeFile(path(), file);
    const { tensors, close } = await openWeightsFile(path());
    await truncate(path(), file.length - 2);
    const message = new RegExp(`it ends at byte ${file.length - 2}, inside its data`);
    await assert.rejects(async () => tensors.get('b')?.read(), message);
    await close();
  });

  it('are refused where there is no file', async () => {
    await assert.rejects(openWeightsFile(join(directory.path, 'none')), /Cannot read .*ENOENT/);
    await assert.rejects(openWeightsFile(directory.path), /it is not a file/);
  });
});
