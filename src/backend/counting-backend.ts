/** Our backend without its addon: it works out shapes and counts bytes, and computes nothing. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Addon } from './addon.js';
import { NATIVE_BACKEND } from './index.js';
import { registerKernels } from './kernels/index.js';
import { NativeBackend, type Output } from './native-backend.js';
import type { NativeData } from './native-data.js';

const BYTES = { f32: 4, bf16: 2, i32: 4, u8: 1 } as const;

/** Stands in the addon's place; kernels and memory are counted before they would reach it. */
const NO_ADDON: Addon = {
  open: () => 'no instructions',
  commands: () => new ArrayBuffer(1 << 20),
  kernels: () => [],
  submit: () => {},
  write: () => {},
  readSync: () => {},
  read: async (_slot, into) => into,
  sync: async () => {},
  memory: () => [0, 0],
  timings: () => [],
  trim: () => {},
};

/** Bytes that tensors hold. */
export interface Count {
  readonly bytes: number;
  readonly peakBytes: number;
  /** The part of `bytes` that are copies of weights, in the layout or type that kernels take. */
  readonly copiedBytes: number;
}

/**
 * Runs every kernel by the shapes of its tensors alone, whose values are undefined. What kernels
 * take within one call does not count, but for a filter's gradient in oneDNN's layout.
 */
export class CountingBackend extends NativeBackend {
  /** Called before each kernel with its name. */
  onKernel: (kernel: string) => void = () => {};
  #bytes = 0;
  #peakBytes = 0;
  #copiedBytes = 0;
  readonly #copies = new Map<NativeData, Map<string, number>>();

  constructor(precision: 'f32' | 'bf16') {
    super(NO_ADDON, 1, precision, false);
  }

  override run(
    kernel: string,
    inputs: readonly (tf.TensorInfo | undefined)[],
    outputs: readonly Output[],
  ): tf.TensorInfo[] {
    this.onKernel(kernel);
    const data = inputs.map((input) => input && this.data(input.dataId));
    this.#countCopies(kernel, data);
    const first = data.find((input) => input !== undefined);
    const results = outputs.map((output) => ({ ...output, data: this.allocate(output, first) }));
    for (const result of results) this.#add(bytesOf(result.data));
    if (kernel === 'Conv2DBackpropFilter')
      this.#reach(this.#bytes + sum(results, ({ data }) => bytesOf(data)));
    return results.map(({ data: dataId, shape }) => ({
      dataId,
      shape: [...shape],
      dtype: dataId.dtype,
    }));
  }

  /** A convolution keeps its filter in oneDNN's layout, a product its weight as bfloat16. */
  #countCopies(kernel: string, [first, second]: readonly (NativeData | undefined)[]): void {
    if (kernel === 'FusedConv2D' || kernel === 'Conv2DBackpropInput') {
      if (first && second) this.#copy(second, kernel, BYTES[first.storage]);
    }
    if (kernel === 'BatchMatMul') {
      for (const [operand, other] of [
        [first, second],
        [second, first],
      ] as const) {
        if (operand?.storage === 'f32' && other?.storage === 'bf16')
          this.#copy(operand, kernel, BYTES.bf16);
      }
    }
  }

  #copy(data: NativeData, kernel: string, bytesPerValue: number): void {
    const copies = this.#copies.get(data) ?? new Map<string, number>();
    if (copies.has(kernel)) return;
    const bytes = bytesPerValue * data.size;
    this.#copies.set(data, copies.set(kernel, bytes));
    this.#copiedBytes += bytes;
    this.#add(bytes);
  }

  protected override store(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): NativeData {
    const data = super.store(values, shape, dtype);
    this.#add(bytesOf(data));
    return data;
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const held = this.refCount(dataId) > 0 ? this.data(dataId) : undefined;
    const gone = super.disposeData(dataId, force);
    if (!gone || !held) return gone;
    const copied = sum([...(this.#copies.get(held)?.values() ?? [])], (bytes) => bytes);
    this.#copies.delete(held);
    this.#copiedBytes -= copied;
    this.#bytes -= bytesOf(held) + copied;
    return gone;
  }

  count(): Count {
    return { bytes: this.#bytes, peakBytes: this.#peakBytes, copiedBytes: this.#copiedBytes };
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#reach(this.#bytes);
  }

  #reach(bytes: number): void {
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }
}

/** Makes a counting backend the current one, in our backend's place in a process that has not opened it. */
export async function openCountingBackend(precision: 'f32' | 'bf16'): Promise<CountingBackend> {
  tf.env().set('PROD', true);
  const device = new CountingBackend(precision);
  if (!tf.registerBackend(NATIVE_BACKEND, () => device)) {
    throw new Error('A backend that computes is open in this process already');
  }
  registerKernels(NATIVE_BACKEND);
  await tf.setBackend(NATIVE_BACKEND);
  return device;
}

function bytesOf({ storage, size }: NativeData): number {
  return BYTES[storage] * size;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
