/** Puts NaN and infinities into each input of a kernel and compares what comes out. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { numbers, onReference } from '../network/backends.js';
import { stored } from './compare.js';

/** How an input is made. */
export interface Input {
  readonly shape: readonly number[];
  /** float32 in bf16 too; activations are stored in the precision of the test. */
  readonly float32?: boolean;
  /** Above 0. */
  readonly positive?: boolean;
  /** Changed in place by the kernel: a result too. */
  readonly variable?: boolean;
}

export type Tensors = Record<string, tf.Tensor>;

export interface Row {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Input>>;
  /** The results of our kernel; those of input variables are added. */
  readonly run: (inputs: Tensors) => tf.Tensor | tf.Tensor[];
  /** The same by tfjs's operations or plain loops on tfjs-backend-cpu; `run` itself. */
  readonly plain?: (inputs: Tensors) => tf.Tensor | tf.Tensor[];
  /** The inputs that get values that are not finite; all. */
  readonly bad?: readonly string[];
  /**
   * Kernels that mix the values of a cell may make any of them NaN where the reference has one that
   * is not finite: the number of a value's cell.
   */
  readonly cellOf?: (index: number, shape: readonly number[]) => number;
  /** Sums in another order than the reference's, so that infinities may cancel out to NaN in one. */
  readonly infinityOrNan?: boolean;
}

/** Where one place of an input is enough. */
const LARGE = 1500;

const NOT_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

interface Result {
  readonly shape: readonly number[];
  readonly values: tf.TypedArray;
}

/** A value that is not finite, and its place. */
interface Fault {
  readonly input: string;
  readonly place: number;
  readonly value: number;
}

/** Fails where a kernel hides a value that is not finite, or lets it spread too far. */
export function assertSpreads(row: Row, tolerance: number): void {
  const { inputs, bad = Object.keys(inputs) } = row;
  for (const input of bad) {
    const size = tf.util.sizeFromShape([...(inputs[input] as Input).shape]);
    const middle = Math.floor(size / 3);
    for (const place of size > LARGE ? [middle] : new Set([0, middle, size - 1])) {
      const touched = reference(row, { input, place, value: Number.NaN });
      for (const value of NOT_FINITE) {
        const fault = { input, place, value };
        const wanted = Number.isNaN(value) ? touched : reference(row, fault);
        const found = compute(row, fault, stored, row.run);
        assertSame(row, { fault, found, wanted, touched }, tolerance);
      }
    }
  }
}

/** They are slow, and the same in both precisions. */
const references = new Map<string, Result[]>();

function reference(row: Row, fault: Fault): Result[] {
  const key = [row.name, fault.input, fault.place, fault.value].join();
  const plain = (values: Float32Array, shape: number[]) => tf.tensor(values, shape);
  const known =
    references.get(key) ??
    onReference(() => compute(row, fault, plain, row.plain ?? row.run) as never);
  references.set(key, known);
  return known;
}

/** The results of our kernel where all inputs are finite. */
export function finiteResults(row: Row): readonly tf.TypedArray[] {
  return compute(row, undefined, stored, row.run).map(({ values }) => values);
}

function compute(
  { inputs }: Row,
  fault: Fault | undefined,
  make: (values: Float32Array, shape: number[]) => tf.Tensor,
  run: Row['run'],
): Result[] {
  return tf.tidy(() => {
    const made = Object.entries(inputs).map(([name, input], index) => {
      const shape = [...input.shape];
      const values = numbers(tf.util.sizeFromShape(shape), index + 2).map((value) =>
        input.positive ? Math.abs(value) + 0.5 : value,
      );
      if (fault?.input === name) values[fault.place] = fault.value;
      const tensor =
        input.float32 || input.variable ? tf.tensor(values, shape) : make(values, shape);
      return [name, input.variable ? tf.variable(tensor, false) : tensor] as const;
    });
    const results = [run(Object.fromEntries(made))].flat();
    const variables = made.map(([, tensor]) => tensor).filter((x) => x instanceof tf.Variable);
    const read = [...results, ...variables].map((result) => ({
      shape: result.shape,
      values: result.dataSync(),
    }));
    for (const variable of variables) variable.dispose();
    return read as never;
  });
}

interface Comparison {
  readonly fault: Fault;
  readonly found: readonly Result[];
  readonly wanted: readonly Result[];
  /** What the reference gives where the value is NaN. */
  readonly touched: readonly Result[];
}

function assertSame(row: Row, { fault, found, wanted, touched }: Comparison, tolerance: number) {
  const { input, place, value } = fault;
  assert.equal(found.length, wanted.length, `${row.name}: number of results`);
  wanted.forEach(({ values, shape }, result) => {
    const what = `${row.name}, ${input}[${place}] = ${value}, result ${result}`;
    const actual = found[result]?.values ?? [];
    assert.equal(actual.length, values.length, `${what}: number of values`);
    const cells = row.cellOf && cellsOf(row.cellOf, touched[result] as Result);
    const largest = largestOf(values);
    for (let index = 0; index < values.length; index++) {
      const [a, b] = [actual[index] as number, values[index] as number];
      if (Object.is(a, b) || a === b) continue;
      const mixed = cells?.has(row.cellOf?.(index, shape) as number) === true;
      if (Number.isNaN(a) && mixed) continue;
      if (row.infinityOrNan === true && !Number.isFinite(a) && !Number.isFinite(b)) continue;
      if (Math.abs(a - b) <= tolerance * largest + 1e-6) continue;
      assert.fail(`${what}: value ${index} is ${a}, expected ${b}`);
    }
  });
}

function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < values.length; index++) {
    const size = Math.abs(values[index] as number);
    if (Number.isFinite(size) && size > largest) largest = size;
  }
  return largest;
}

function cellsOf(cellOf: NonNullable<Row['cellOf']>, { values, shape }: Result): Set<number> {
  const cells = new Set<number>();
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) cells.add(cellOf(index, shape));
  }
  return cells;
}
