import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../src/errors.js';
import { openWeightsFile } from '../../src/weights/index.js';
import { temporaryDirectory } from '../commands/program.js';
import {
  BINPERSID,
  dict,
  EMPTY_DICT,
  float32,
  global,
  type Legacy,
  legacy,
  long,
  MARK,
  pickle,
  REDUCE,
  tensor,
  text,
  tuple,
} from './files.js';

describe('torch.save files from before PyTorch 1.6', () => {
  const directory = temporaryDirectory();
  const path = () => join(directory.path, 'weights.pth');

  async function valuesOf(file: Uint8Array): Promise<Record<string, number[]>> {
    await writeFile(path(), file);
    const { tensors, close } = await openWeightsFile(path());
    try {
      const values: Record<string, number[]> = {};
      for (const [name, tensor] of tensors) values[name] = [...(await tensor.read())];
      return values;
    } finally {
      await close();
    }
  }

  const plain = { count: 6, size: [2, 3], stride: [3, 1] };
  const [first, second] = [
    { count: 6, content: float32(0, 1, 2, 3, 4, 5) },
    { count: 2, content: float32(7, 8) },
  ];
  const two = pickle(
    dict({
      a: tensor({ ...plain, size: [3, 2], stride: [1, 3] }),
      b: tensor({ key: '1', count: 2, size: [1], stride: [1], offset: 1 }),
    }),
  );
  const one = (settings: Legacy = {}, about: Partial<typeof plain> = {}) =>
    legacy(pickle(dict({ a: tensor({ ...plain, ...about }) })), {
      keys: ['0'],
      storages: [first],
      ...settings,
    });

  it('are read by strides and offset, whatever the order of storages', async () => {
    const values = { a: [0, 3, 1, 4, 2, 5], b: [8] };
    const ordered = legacy(two, { keys: ['0', '1'], storages: [first, second] });
    assert.deepEqual(await valuesOf(ordered), values);
    const turned = legacy(two, { keys: ['1', '0'], storages: [second, first] });
    assert.deepEqual(await valuesOf(turned), values);
  });

  /** What Python 2 and PyTorch 0.3 pickled: texts of bytes, lists of pairs, parameters. */
  const shortText = (value: string) =>
    Buffer.concat([Buffer.from('U'), Buffer.of(value.length), Buffer.from(value)]);
  const list = (...values: readonly Uint8Array[]) =>
    Buffer.concat([Buffer.from(']('), ...values, Buffer.from('e')]);
  const ofOld = (whole: Uint8Array = Buffer.from('N')) => {
    const id = [shortText('storage'), global('torch', 'FloatStorage'), shortText('0')];
    const storage = [tuple(...id, shortText('cpu'), long(6), whole), BINPERSID];
    const shape = [tuple(long(2), long(3)), tuple(long(3), long(1))];
    const args = tuple(Buffer.concat(storage), long(0), ...shape);
    const data = Buffer.concat([global('torch._utils', '_rebuild_tensor'), args, REDUCE]);
    const state = tuple(Buffer.of(0x88), Buffer.of(0x89), EMPTY_DICT);
    const made = [global('torch.nn.parameter', 'Parameter'), tuple(data), REDUCE];
    const parameter = Buffer.concat([...made, state, Buffer.from('b')]);
    const pairs = tuple(list(list(shortText('a'), parameter)));
    const root = Buffer.concat([global('collections', 'OrderedDict'), pairs, REDUCE]);
    return legacy(pickle(root), { keys: ['0'], storages: [first] });
  };

  it('are read as Python 2 wrote them', async () => {
    assert.deepEqual(await valuesOf(ofOld()), { a: [0, 1, 2, 3, 4, 5] });
  });

  const call = (module: string, name: string) =>
    legacy(pickle(Buffer.concat([global(module, name), tuple(text('x')), REDUCE])));
  const pairOf = (pairs: Uint8Array) =>
    legacy(pickle(Buffer.concat([global('collections', 'OrderedDict'), tuple(pairs), REDUCE])));
  const bad: readonly [string, Uint8Array, RegExp][] = [
    ['a call of os.system', call('os', 'system'), /asks for "os\.system".*save the state_dict/],
    ['an OrderedDict of other lists', pairOf(list(text('a'))), /is made from arguments/],
    ['another version', one({ version: 1000 }), /version is 1000, expected 1001/],
    ['the other byte order', one({ littleEndian: false }), /byte order is not said/],
    ['numbers that are missing', one({ keys: [], storages: [] }), /numbers of "a" are missing/],
    ['a storage of no tensor', one({ keys: ['9'] }), /a storage that no tensor has/],
    ['one storage twice', one({ keys: ['0', '0'], storages: [first, first] }), /or one twice/],
    [
      'other counts than described',
      one({ storages: [second] }),
      /storage 0 has 2 numbers where 6 are described/,
    ],
    ['numbers cut short', one().subarray(0, -1), /cut short: it has \d+ bytes of \d+ at least/],
    ['pickles cut short', one().subarray(0, 60), /it ends early/],
    ['no list of storages', legacy(two).subarray(0, -4), /it ends early/],
    [
      'a tensor beyond its storage',
      one({}, { size: [3, 3] }),
      /does not fit its storage of 6 numbers/,
    ],
    [
      'a storage described in two ways',
      legacy(pickle(dict({ a: tensor(plain), b: tensor({ ...plain, count: 7 }) }))),
      /storage 0 is described in two ways/,
    ],
    ['a part of another storage', ofOld(tuple(text('1'), long(0), long(6))), /part of another one/],
    [
      'endless marks',
      legacy(Buffer.concat([pickle(), Buffer.alloc(3e5, MARK)])),
      /nothing is left/,
    ],
    ['the magic number alone', legacy(two).subarray(0, 15), /it ends early/],
  ];
  for (const [what, file, message] of bad) {
    it(`are refused with ${what}`, async () => {
      await assert.rejects(valuesOf(file), (error) => {
        assert.ok(error instanceof DataError, String((error as Error).stack));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
