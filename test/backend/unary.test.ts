import assert from 'node:assert/strict';
import { random } from '../../src/rng.js';
import { bf16Of, compare, onNative, runKernel } from './compare.js';

const KERNELS = [
  'Abs',
  'Ceil',
  'Exp',
  'Floor',
  'Log',
  'Neg',
  'Reciprocal',
  'Relu',
  'Relu6',
  'Rsqrt',
  'Sigmoid',
  'Sign',
  'Sqrt',
  'Square',
  'Step',
  'Tanh',
];

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const EDGES = [nan, infinity, -infinity, 0, -0, 1e-40, -1e-40, 1e-20, 1, -1, 0.624, 0.626];
const LARGE = [9, -9, 50, -50, 88, -88, -95, -103, 120, -120, 1e30, -1e30, 6, 2.5, -2.5, 0.7072];

const draw = random(3, 'augment');
/** Edges, then numbers of every size around 1. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const edge = [...EDGES, ...LARGE][index];
    return edge ?? bf16Of((draw.uniform() - 0.5) * 2 ** (draw.uniform() * 12 - 6));
  });
}

describe('native functions of one number', () => {
  onNative(({ precision }) => {
    // The reference is rounded to float32 too; bf16 rounds the result to 8 bits.
    const tolerance = { error: precision === 'bf16' ? 2 ** -8 : 1e-6 };
    for (const kernel of KERNELS) {
      it(`${kernel} is that of tfjs, NaN and infinities included`, () => {
        for (const count of [1, 7, 29, 70_001]) {
          const values = numbers(count).map(bf16Of);
          const [storage] = compare(
            (make) => runKernel(kernel, { x: make(values, [count]) }, { alpha: 0 }),
            tolerance,
            `${kernel} of ${count}`,
          );
          assert.equal(storage, precision, 'the result is stored like the input');
        }
      });
    }
  });
});
