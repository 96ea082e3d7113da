/** Commands that no row of the kernel table writes: each is an error, and none ends the program. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ADDON_PATH, EMULATED_ADDON_PATH } from '../../src/addon.js';
import { kernelNames, type Queue, STORAGE, STORAGE_BYTES } from '../../src/backend/addon.js';
import { loadAddon } from '../../src/backend/load-addon.js';
import { type Parameters, packParameters } from '../../src/backend/parameters.js';
import { emulatedOrSkip } from '../cuda/emulated.js';
import { CPU_ONLY, SOUND_CALLS, type SoundCall, type TensorText } from './sound-calls.js';

const RUNS = Number(process.env['CNN_FUZZ_RUNS'] ?? 1000);
/** Where results go; inputs have the slots below, one for each type and size. */
const RESULTS = 1000;

type Command = readonly number[];

const soundCalls = (kernel: string) => SOUND_CALLS.filter((one) => one.kernel === kernel);
const soundCall = (kernel: string) => soundCalls(kernel)[0] as SoundCall;

for (const device of ['the CPU', 'the emulated GPU'] as const) {
  describe(`the addon on ${device}`, () => {
    let addon: ReturnType<typeof loadAddon>;
    let queue: Queue;
    let words: Int32Array;
    let numbers: ReadonlyMap<string, number>;
    const slots: TensorText[] = [];

    before(function () {
      if (device === 'the emulated GPU') emulatedOrSkip(this);
      try {
        addon = loadAddon(device === 'the CPU' ? ADDON_PATH : EMULATED_ADDON_PATH);
      } catch {
        this.skip();
      }
      const strict = process.env['CNN_STRICT'] === '1';
      queue = device === 'the CPU' ? addon.openCpu(1, strict) : addon.openCuda(0, false, true);
      words = new Int32Array(queue.commands());
      numbers = new Map(kernelNames(addon).map((name, number) => [name, number]));
      for (const { inputs } of SOUND_CALLS) inputs.forEach(slotOf);
      slotOf('bf16:8');
      slotOf('bf16:4');
    });

    /** The slot of a tensor of zeros. */
    function slotOf(text: TensorText): number {
      if (text === 'none') return -1;
      if (!slots.includes(text)) {
        const { storage, size } = parse(text);
        const bytes = new Uint8Array(size * STORAGE_BYTES[storage]);
        queue.write(slots.push(text) - 1, STORAGE[storage], bytes);
      }
      return slots.indexOf(text);
    }

    function commandOf({ kernel, inputs, outputs, parameters }: SoundCall): Command {
      const packed = new Int32Array(100);
      const floats = new Float32Array(packed.buffer);
      const length = packParameters(kernel, parameters, packed, floats, 0);
      const results = outputs.flatMap((text, index) => {
        const { storage, size } = parse(text);
        return [RESULTS + index, STORAGE[storage], size];
      });
      const head = [numbers.get(kernel) as number, inputs.length, outputs.length, length];
      return [...head, ...inputs.map(slotOf), ...results, ...packed.subarray(0, length)];
    }

    async function run(command: Command): Promise<void> {
      words.set(command);
      queue.submit(command.length);
      await queue.sync();
    }

    const runCall = (given: SoundCall) => run(commandOf(given));
    const runAll = async () => {
      for (const given of SOUND_CALLS) {
        if (device !== 'the CPU' && CPU_ONLY.includes(given.kernel)) continue;
        await runCall(given).catch((error) => assert.fail(`${given.kernel}: ${error}`));
      }
    };

    it('runs a sound call of every kernel', async () => {
      const called = new Set<string>(SOUND_CALLS.map(({ kernel }) => kernel));
      assert.deepEqual([...numbers.keys()].filter((name) => !called.has(name)).sort(), []);
      await runAll();
    });

    it('refuses parameters that do not fit the tensors', async () => {
      const wrong: [kernel: string, parameters: Parameters, RegExp][] = [
        ['FusedConv2D', { inHeight: 2 ** 20 }, /FusedConv2D: expected/],
        ['FusedConv2D', { batch: 0 }, /at least 1 but received 0/],
        ['FusedConv2D', { batch: -3 }, /at least 1 but received -3/],
        ['FusedConv2D', { groups: 3 }, /FusedConv2D: expected groups/],
        ['FusedConv2D', { activation: 77 }, /expected an activation from 0 to 2/],
        ['MaxPool', { inWidth: 5 }, /MaxPool: expected input 0 of/],
        ['FusedConv2D', { padTop: 15 }, /FusedConv2D: expected the end of the last window from/],
        [
          'MaxPool',
          { padTop: 2, strideHeight: 3 },
          /MaxPool: expected windows that meet the image/,
        ],
        ['MaxPool', { filterHeight: 65 }, /MaxPool: expected a side of the window/],
        ['BatchMatMul', { m: 3 }, /BatchMatMul: expected/],
        ['Sum', { reduce: 2 ** 20 }, /Sum: expected input 0 of/],
        ['Add', { sizes: [2, 9] }, /Add: expected strides within the 8 values/],
        ['Add', { rank: 9 }, /Add: expected a rank from 1 to 8 but received 9/],
        ['StridedCopy', { offset: 5 }, /StridedCopy: expected strides within/],
        ['StridedCopy', { offset: -1 }, /StridedCopy: expected strides within/],
        ['Concat', { sizes: [7, 2] }, /Concat: expected/],
        ['PadV2', { before: [3] }, /PadV2: expected padding from 0 to 2/],
      ];
      for (const [kernel, parameters, message] of wrong) {
        const given = soundCall(kernel);
        const changed = { ...given, parameters: { ...given.parameters, ...parameters } };
        await assert.rejects(runCall(changed), message);
      }
      await runAll();
    });

    it('refuses tensors of other types and sizes', async () => {
      const wrong: [kernel: string, Partial<SoundCall>, RegExp][] = [
        ['Relu', { outputs: ['f32:9'] }, /Relu: expected output 0 of 8 values/],
        ['Relu', { outputs: [] }, /Relu: expected 1 inputs and 1 outputs/],
        ['Relu', { inputs: ['none'] }, /Relu: input 0 is none/],
        ['SoftmaxCrossEntropy', { inputs: ['f32:8', 'u8:24'] }, /input 1 of int32 .* of uint8/],
        ['SoftmaxCrossEntropy', { outputs: ['f32:8', 'f32:8'] }, /output 0 of 4 values/],
        ['SoftmaxCrossEntropy', { inputs: ['f32:8', 'i32:2', 'i32:2'] }, /input 3 is none/],
        ['BatchNormTrain', { inputs: ['f32:8', 'f32:4', 'f32:4', 'f32:4'] }, /6 inputs/],
        ['RmsProp', { inputs: ['f32:8', 'f32:4', 'f32:8', 'f32:8'] }, /input 1 of 8 values/],
        ['Conv2DBackpropFilter', { outputs: ['bf16:4'] }, /output 0 of float32 .* bfloat16/],
        ['Concat', { inputs: ['f32:8', 'bf16:4'] }, /pieces of one type/],
      ];
      for (const [kernel, changes, message] of wrong) {
        await assert.rejects(runCall({ ...soundCall(kernel), ...changes }), message);
      }
      await runAll();
    });

    it('refuses labels and images that there are not', async () => {
      queue.write(2000, STORAGE.i32, new Int32Array([0, 4]));
      queue.write(2001, STORAGE.i32, new Int32Array([0, 0, 0, 2, 2, 2, 0, 0, 2, 2]));
      for (const [kernel, slot, message] of [
        ['SoftmaxCrossEntropy', 2000, /a label is not below the class count/],
        ['MixImages', 2001, /an image is mixed with one that is not in the batch/],
      ] as const) {
        await assert.rejects(run(commandOf(soundCall(kernel)).with(5, slot)), message);
      }
      await runAll();
    });

    it('throws where commands are none', () => {
      const conv = commandOf(soundCall('FusedConv2D'));
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
        conv.with(7, -1),
        conv.with(8, 9),
        conv.with(9, -8),
      ];
      for (const given of broken) {
        words.set(given);
        assert.throws(() => queue.submit(given.length), /a command|a result/, `${given}`);
      }
      assert.throws(() => queue.submit(words.length + 1), /at most \d+ words/);
      assert.throws(() => queue.submit(-1), /at most \d+ words/);
      assert.throws(() => queue.write(0, 9, new Float32Array(8)), /no type 9/);
      assert.throws(() => addon.openCpu(100_000, false), /1 to 1024 threads/);
      const bytes = new Uint8Array(8);
      assert.throws(() => queue.readSync(slotOf('f32:8'), bytes), /expected to read values of/);
      assert.throws(() => queue.readSync(2 ** 31 - 1, bytes), /: expected/);
      assert.throws(() => queue.write(2 ** 31 - 1, STORAGE.u8, bytes), /names the slot/);
    });

    it(`survives ${RUNS} commands with words changed`, async () => {
      const odd = [0, 1, 2, 3, 4, 7, 8, 9, 16, 64, 255, 32_767, 65_536, 2 ** 31 - 1];
      const value = fc.oneof(
        fc.constantFrom(...odd, ...odd.map((one) => -one), 0x7fc00000, 0x7f800000),
        fc.nat({ max: slots.length - 1 }),
      );
      const change = fc.tuple(fc.nat({ max: 40 }), value);
      const property = fc.asyncProperty(
        fc.constantFrom(...SOUND_CALLS),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (call, changes) => {
          const sound = commandOf(call);
          let given = sound;
          for (const [place, word] of changes) {
            const at = place % sound.length;
            if (!isKept(call, at, word)) given = given.with(at, word);
          }
          await run(given).catch((error) => assert.ok(error instanceof Error));
        },
      );
      await fc.assert(property, { numRuns: RUNS, seed: 1 });
      await runAll();
    });
  });
}

function parse(text: TensorText) {
  const [storage, size] = text.split(':') as [keyof typeof STORAGE, string];
  return { storage, size: Number(size) };
}

/**
 * Words that stay: the kernel, the slots of results, so that inputs are used again, and what makes a
 * call long that is none the less sound.
 */
function isKept({ kernel, inputs, outputs }: SoundCall, at: number, word: number): boolean {
  const result = at - 4 - inputs.length;
  if (at === 0 || (result >= 0 && result < 3 * outputs.length && result % 3 === 0)) return true;
  return word > 100_000 && (kernel === 'Fill' || kernel === 'PeakMultiplyAdd');
}
