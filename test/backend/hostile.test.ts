/** Commands that no row of the kernel table writes: each is an error, and none ends the program. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ADDON_PATH } from '../../src/addon.js';
import { kernelNames, type Queue } from '../../src/backend/addon.js';
import { loadAddon } from '../../src/backend/load-addon.js';

const RUNS = Number(process.env['CNN_FUZZ_RUNS'] ?? 300);
const FLOAT = 0;
/** Slots with eight values each, and where results go. */
const VALUES = 8;
const INPUTS = [0, 1, 2];
const RESULT = 3;

type Command = readonly number[];

describe('the addon', () => {
  let queue: Queue;
  let words: Int32Array;
  let numbers: ReadonlyMap<string, number>;

  before(function () {
    let addon: ReturnType<typeof loadAddon>;
    try {
      addon = loadAddon(ADDON_PATH);
    } catch {
      this.skip();
    }
    queue = addon.openCpu(1, true);
    words = new Int32Array(queue.commands());
    numbers = new Map(kernelNames(addon).map((name, number) => [name, number]));
    for (const slot of INPUTS) queue.write(slot, FLOAT, new Float32Array(VALUES).fill(slot + 1));
  });

  function command(
    kernel: string,
    inputs: readonly number[],
    size: number,
    parameters: readonly number[],
  ): Command {
    const head = [numbers.get(kernel) as number, inputs.length, 1, parameters.length];
    return [...head, ...inputs, RESULT, FLOAT, size, ...parameters];
  }

  async function run(given: Command): Promise<void> {
    words.set(given);
    queue.submit(given.length);
    await queue.sync();
  }

  /** A 1×1 convolution of a 2×2 image of 2 channels with 1 more, and other sound commands. */
  const sound = (): Command[] => [
    command('FusedConv2D', [0, 1], 16, [1, 2, 2, 2, 2, 2, 4, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0]),
    command('MaxPool', [0], 2, [1, 2, 2, 2, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0]),
    command('BatchMatMul', [0, 1], 4, [1, 1, 2, 4, 2, 0, 0, 0]),
    command('Sum', [0], 4, [2, 2, 2, 1]),
    command('Add', [0, 1], 8, [1, 8, 1, 1]),
    command('StridedCopy', [0], 4, [2, 0, 2, 2, 1, 4]),
    command('Concat', [0, 1, 2], 24, [8, 8, 8]),
    command('PadV2', [0], 10, [1, 0, 10, 1, 8]),
    command('Relu', [0], 8, []),
  ];

  it('runs sound commands', async () => {
    for (const given of sound()) await run(given);
  });

  it('refuses parameters that do not fit the tensors', async () => {
    const [conv, pool, product, sum, add, copy, concat, pad, relu] = sound() as Command[];
    const wrong: [Command | undefined, place: number, value: number, RegExp][] = [
      [conv, 9, 2 ** 20, /FusedConv2D: expected/],
      [conv, 9, 0, /at least 1 but received 0/],
      [conv, 9, -3, /at least 1 but received -3/],
      [conv, 24, 3, /FusedConv2D: expected groups/],
      [conv, 25, 77, /expected an activation from 0 to 3/],
      [pool, 13, 4, /MaxPool: expected output 0 of/],
      [pool, 14, 65, /MaxPool: expected a side of the window/],
      [product, 10, 3, /BatchMatMul: expected/],
      [sum, 9, 2 ** 20, /Sum: expected input 0 of/],
      [add, 10, 9, /Add: expected strides within the 8 values/],
      [add, 9, 9, /Add: expected a rank from 1 to 8 but received 9/],
      [copy, 9, 5, /StridedCopy: expected strides within/],
      [copy, 9, -1, /StridedCopy: expected strides within/],
      [concat, 10, 7, /Concat: expected/],
      [pad, 11, 3, /PadV2: expected padding from 0 to 2/],
      [relu, 7, 9, /Relu: expected output 0 of 8 values/],
    ];
    for (const [given, place, value, message] of wrong) {
      await assert.rejects(run((given as Command).with(place, value)), message);
    }
    for (const given of sound()) await run(given);
  });

  it('throws where commands are none', () => {
    const [conv] = sound() as [Command];
    const broken: Command[] = [
      [99_999],
      [-77],
      [-1],
      [numbers.get('Relu') as number],
      conv.slice(0, -1),
      conv.with(1, -1),
      conv.with(2, 2 ** 30),
      conv.with(3, -5),
      conv.with(4, 2 ** 30),
      conv.with(6, -1),
      conv.with(7, 9),
      conv.with(8, -8),
    ];
    for (const given of broken) {
      words.set(given);
      assert.throws(() => queue.submit(given.length), /a command|a result/, `${given}`);
    }
    assert.throws(() => queue.submit(words.length + 1), /at most \d+ words/);
    assert.throws(() => queue.submit(-1), /at most \d+ words/);
    assert.throws(() => queue.write(0, 9, new Float32Array(8)), /no type 9/);
    assert.throws(() => loadAddon(ADDON_PATH).openCpu(100_000, false), /1 to 1024 threads/);
  });

  it(`survives ${RUNS} commands with words changed`, async () => {
    const value = fc.constantFrom(
      -1,
      0,
      1,
      2,
      3,
      7,
      8,
      9,
      64,
      255,
      65_536,
      2 ** 31 - 1,
      -(2 ** 31),
    );
    const change = fc.tuple(fc.nat({ max: 30 }), value);
    const property = fc.asyncProperty(
      fc.nat({ max: sound().length - 1 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (which, changes) => {
        let given = sound()[which] as Command;
        for (const [place, word] of changes) {
          // The kernel stays, and so does the slot of the result: the inputs are used again.
          if (place === 0 || place >= given.length || place === 4 + (given[1] as number)) continue;
          given = given.with(place, word);
        }
        await run(given).catch((error) => assert.ok(error instanceof Error));
      },
    );
    await fc.assert(property, { numRuns: RUNS, seed: 1 });
    for (const given of sound()) await run(given);
  });
});
