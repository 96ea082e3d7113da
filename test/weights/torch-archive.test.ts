import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../src/errors.js';
import { openWeightsFile } from '../../src/weights/index.js';
import { temporaryDirectory } from '../commands/program.js';
import {
  archive,
  dict,
  EMPTY_DICT,
  float32,
  global,
  long,
  MARK,
  pickle,
  REDUCE,
  tensor,
  text,
  tuple,
  type ZipEntry,
  zip,
  zip64,
} from './files.js';

describe('torch.save files', () => {
  const directory = temporaryDirectory();
  const path = () => join(directory.path, 'weights.pth');
  let peak = 0;
  before(() => {
    peak = process.resourceUsage().maxRSS;
  });

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

  const numbers = { '0': float32(0, 1, 2, 3, 4, 5) };
  const plain = { count: 6, size: [2, 3], stride: [3, 1] };
  const state = (about: Partial<typeof plain> & { offset?: number; type?: string; key?: string }) =>
    archive(pickle(dict({ a: tensor({ ...plain, ...about }) })), numbers);

  it('are read by strides and offset', async () => {
    assert.deepEqual(await valuesOf(state({})), { a: [0, 1, 2, 3, 4, 5] });
    assert.deepEqual(await valuesOf(state({ size: [3, 2], stride: [1, 3] })), {
      a: [0, 3, 1, 4, 2, 5],
    });
    assert.deepEqual(await valuesOf(state({ size: [2, 2], stride: [2, 1], offset: 1 })), {
      a: [1, 2, 3, 4],
    });
    assert.deepEqual(await valuesOf(state({ size: [1, 2, 1], stride: [9, 2, 0], offset: 1 })), {
      a: [1, 3],
    });
    assert.deepEqual(await valuesOf(state({ size: [], stride: [], offset: 5 })), { a: [5] });
    assert.deepEqual(await valuesOf(state({ size: [0, 3], stride: [3, 1], offset: 6 })), { a: [] });
  });

  it("are read inside what training scripts save, under PyTorch's names, wherever they put them", async () => {
    const wrapped = (key: string) =>
      dict({
        epoch: long(3),
        optimizer: dict({ lr: text('a') }),
        [key]: dict({ a: tensor(plain), b: tensor(plain) }),
      });
    const values = [0, 1, 2, 3, 4, 5];
    for (const key of ['state_dict', 'model_state_dict', 'model', 'net', 'params']) {
      const file = archive(pickle(wrapped(key)), numbers);
      assert.deepEqual(await valuesOf(file), { a: values, b: values }, key);
    }
    const old = dict({ 'features.denseblock1.denselayer1.norm.1.weight': tensor(plain) });
    assert.deepEqual(await valuesOf(archive(pickle(old), numbers)), {
      'features.denseblock1.denselayer1.norm1.weight': values,
    });
  });

  const call = (module: string, name: string, ...args: readonly Uint8Array[]) =>
    Buffer.concat([global(module, name), tuple(...args), REDUCE]);
  const whole = pickle(dict({ a: tensor(plain) }));
  const entries = (...more: readonly ZipEntry[]) =>
    zip([{ name: 'archive/data.pkl', content: whole }, ...more]);
  const content = numbers['0'];
  const data = { name: 'archive/data/0', content };
  const gigabytes = tensor({ count: 2 ** 29, size: [2 ** 29], stride: [1] });
  const claiming = zip([
    { name: 'archive/data.pkl', content: pickle(dict({ a: gigabytes })) },
    { ...data, size: 2 ** 31 },
  ]);
  const bad: readonly [string, Uint8Array, RegExp][] = [
    // What the pickle asks for.
    [
      'a call of os.system',
      archive(pickle(call('os', 'system', text('touch x')))),
      /asks for "os\.system"/,
    ],
    [
      'a call of eval',
      archive(pickle(dict({ a: call('builtins', 'eval', text('1')) }))),
      /"builtins\.eval"/,
    ],
    [
      'a module',
      archive(pickle(global('torchvision.models.resnet', 'ResNet'))),
      /"torchvision\.models\.resnet\.ResNet".*save the state_dict alone/,
    ],
    [
      'a name of objects',
      archive(pickle(global('__proto__', 'constructor'))),
      /"__proto__\.constructor"/,
    ],
    ['a type of numbers that is not read', state({ type: 'ByteStorage' }), /"torch\.ByteStorage"/],
    [
      'a function, as newer protocols name it',
      archive(pickle(text('os'), text('system'), Buffer.of(0x93))),
      /"os\.system"/,
    ],
    ['an opcode of objects', archive(pickle(EMPTY_DICT, Buffer.of(0x81))), /opcode NEWOBJ/],
    ['an unknown opcode', archive(pickle(Buffer.of(0xff))), /opcode 0xff at byte 2/],
    ['another protocol', archive(Buffer.of(0x80, 6, 0x7d, 0x2e)), /protocol 6; expected 2 to 5/],
    [
      'a call of what is no function',
      archive(pickle(EMPTY_DICT, tuple(), REDUCE)),
      /a dict is called/,
    ],
    [
      'a storage that is called',
      archive(pickle(call('torch', 'FloatStorage', long(1e9)))),
      /torch FloatStorage is called/,
    ],
    [
      'an OrderedDict of arguments',
      archive(pickle(call('collections', 'OrderedDict', text('a')))),
      /OrderedDict is made from arguments/,
    ],
    [
      'a persistent id of another form',
      archive(pickle(text('a'), Buffer.from('Q'))),
      /storage is not described/,
    ],
    [
      'a tensor of another form',
      archive(pickle(call('torch._utils', '_rebuild_tensor_v2', text('a')))),
      /tensor is not described/,
    ],
    // What the tensor claims.
    ['a negative offset', state({ offset: -1 }), /tensor is not described/],
    ['an offset beyond the storage', state({ offset: 1 }), /does not fit its storage of 6 numbers/],
    ['an offset beyond all', state({ offset: 2 ** 53 }), /tensor is not described/],
    ['a negative size', state({ size: [-2, -3] }), /tensor is not described/],
    ['a negative stride', state({ stride: [-3, 1] }), /tensor is not described/],
    ['a stride beyond the storage', state({ stride: [4, 1] }), /does not fit/],
    [
      'strides of 0 that make much of little',
      state({ size: [1e9, 1e9], stride: [0, 0] }),
      /does not fit/,
    ],
    ['other strides than axes', state({ stride: [1] }), /2 axes and 1 strides/],
    ['too many axes', state({ size: Array(9).fill(1), stride: Array(9).fill(1) }), /9 axes/],
    [
      'a storage of another size',
      state({ count: 7 }),
      /archive\/data\/0 has 24 bytes; "a" says 28/,
    ],
    ['a storage that is missing', state({ key: '1' }), /numbers of "a" are missing/],
    [
      'a storage outside the archive',
      state({ key: '../../etc/passwd' }),
      /numbers of "a" are missing/,
    ],
    // The form of the pickle.
    ['no end', archive(whole.subarray(0, -1), numbers), /it ends early/],
    [
      'a text longer than the file',
      archive(pickle(Buffer.of(0x58, 255, 255, 255, 255))),
      /it ends early/,
    ],
    ['nothing on the stack', archive(pickle(REDUCE)), /nothing is left to take/],
    ['a tuple without a mark', archive(pickle(Buffer.from('t'))), /there is no mark/],
    [
      'a memory that was never filled',
      archive(pickle(Buffer.of(0x68, 7))),
      /nothing was kept under 7/,
    ],
    [
      'items of what is no dict',
      archive(pickle(text('a'), text('b'), text('c'), Buffer.from('s'))),
      /a text is filled/,
    ],
    [
      'endless nesting',
      archive(pickle(Buffer.alloc(3e5, EMPTY_DICT))),
      /more than 262144 operations/,
    ],
    ['endless marks', archive(pickle(Buffer.alloc(3e5, MARK))), /more than 262144 operations/],
    [
      'a number that is no state_dict',
      archive(pickle(long(3))),
      /expected a state_dict but it holds a number/,
    ],
    ['values that are no tensors', archive(pickle(dict({ lr: long(3) }))), /but "lr" is a number/],
    [
      'a dict that holds itself',
      archive(pickle(EMPTY_DICT, Buffer.from('q\0'), text('a'), Buffer.from('h\0s'))),
      /but "a" is a dict/,
    ],
    // The zip file.
    ['half of a file', entries(data).subarray(0, 150), /zip directory is damaged/],
    ['a directory cut short', entries(data).subarray(0, -30), /zip directory is damaged/],
    ['a path upwards', entries({ name: '../../etc/cron.d/x', content }), /invalid relative path/],
    ['an absolute path', entries({ name: '/etc/passwd', content }), /absolute path/],
    ['backslashes', entries({ name: '..\\x', content }), /invalid characters/],
    ['one name twice', entries(data, data), /holds "archive\/data\/0" twice/],
    ['compression', entries({ ...data, method: 8 }), /"archive\/data\/0" in it is compressed/],
    [
      'an entry of another size',
      entries({ ...data, size: 2 ** 31 }),
      /2147483648 bytes; "a" says 24/,
    ],
    [
      'an entry that ends beyond the file',
      claiming,
      /in it is damaged: file data overflows file bounds/,
    ],
    [
      'an offset beyond the end',
      entries({ ...data, offset: 2 ** 31 }),
      /in it is damaged: unexpected EOF/,
    ],
    [
      'a directory beyond all files',
      zip64(2n ** 63n),
      /zip directory is damaged: unexpected EOF: it points to byte 9223372036854776000 of 110/,
    ],
    ['changed numbers', entries({ ...data, crc: 1 }), /content of "archive\/data\/0" is damaged/],
    [
      'a changed pickle',
      zip([{ name: 'a/data.pkl', content: whole, crc: 1 }]),
      /content of "a\/data\.pkl" is damaged/,
    ],
    [
      'a huge pickle',
      zip([{ name: 'a/data.pkl', content: whole, size: 2 ** 30 }]),
      /takes 1073741824 bytes; at most/,
    ],
    ['two pickles', entries({ name: 'b/data.pkl', content: whole }), /2 data\.pkl; expected one/],
    ['no pickle', zip([data]), /0 data\.pkl/],
    [
      'a model of Keras',
      zip([{ name: 'model.weights.h5', content }]),
      /it is a \.keras file: write one that is read by model\.save_weights/,
    ],
    [
      'the other byte order',
      entries(data, { name: 'archive/byteorder', content: Buffer.from('big') }),
      /byte order is "big"/,
    ],
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

  it('are refused without memory for what they claim', () => {
    const grown = process.resourceUsage().maxRSS - peak;
    assert.ok(grown < 200 * 1024, `${grown} KiB`);
  });
});
