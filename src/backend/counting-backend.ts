/** Our backend without its addon: it computes shapes and counts bytes, but no values. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type Addon, STORAGE_BYTES as BYTES } from './addon.js';
import { NATIVE_BACKEND } from './index.js';
import { registerKernels } from './kernels/index.js';
import { NativeBackend, type Output } from './native-backend.js';
import type { NativeData } from './native-data.js';

/** A stand-in for the addon: kernels and memory are counted before they would reach it. */
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
  profile: () => {},
  timings: () => [],
  trim: () => {},
};

/** Bytes that tensors hold. */
export interface Count {
  readonly bytes: number;
  /** The part of `bytes` that are copies of weights in the type that kernels take. */
  readonly copiedBytes: number;
  /** The peak, counted in blocks as native/memory_pool.cc allocates them. */
  readonly peakBytes: number;
}

/**
 * Runs every kernel by the shapes of its tensors alone, whose values are undefined. Counts tensors,
 * copies of weights and what convolutions convert; oneDNN's own scratch memory is not known here.
 */
export class CountingBackend extends NativeBackend {
  /** Called before each kernel with its name. */
  onKernel: (kernel: string) => void = () => {};
  #bytes = 0;
  #copiedBytes = 0;
  #blockBytes = 0;
  #peakBytes = 0;
  #scratchBytes = 0;
  readonly #copies = new Map<NativeData, Map<string, number>>();

  /** `matrixUnits`: the processor multiplies bfloat16; without, convolutions compute in float32. */
  constructor(
    precision: 'f32' | 'bf16',
    readonly matrixUnits: boolean,
  ) {
    super(NO_ADDON, 1, precision, false);
  }

  override run(
    kernel: string,
    inputs: readonly (tf.TensorInfo | undefined)[],
    outputs: readonly Output[],
    ints: readonly number[] = [],
  ): tf.TensorInfo[] {
    this.onKernel(kernel);
    const operands = inputs.flatMap((input) => (input ? [this.data(input.dataId)] : []));
    this.#countCopies(kernel, operands);
    const results = outputs.map((output) => {
      const data = this.allocate(output, operands[0]);
      this.#take(bytesOf(data));
      return { dataId: data, shape: [...output.shape], dtype: data.dtype };
    });
    if (kernel.includes('Conv2D')) {
      this.#countConvolution(kernel, [...operands, ...results.map(({ dataId }) => dataId)], ints);
    }
    return results;
  }

  /** A product keeps its weight as bfloat16. */
  #countCopies(kernel: string, [first, second]: readonly NativeData[]): void {
    if (!first || !second) return;
    const mixed = [first, second].some(({ storage }) => storage === 'bf16');
    if (kernel !== 'BatchMatMul' || !mixed || !this.matrixUnits) return;
    for (const operand of [first, second]) {
      if (operand.storage === 'f32') this.#copy(operand, kernel, BYTES.bf16);
    }
  }

  #copy(data: NativeData, kernel: string, bytesPerValue: number): void {
    const copies = this.#copies.get(data) ?? new Map<string, number>();
    if (copies.has(kernel)) return;
    const bytes = bytesPerValue * data.size;
    this.#copies.set(data, copies.set(kernel, bytes));
    this.#copiedBytes += bytes;
    this.#take(bytes);
  }

  /**
   * Scratch memory of our own 3×3 and 5×5 convolutions, which stays; for others a filter, or its gradient, in
   * oneDNN's layout, and what float32 convolutions read or write as bfloat16.
   */
  #countConvolution(
    kernel: string,
    operands: readonly NativeData[],
    ints: readonly number[],
  ): void {
    const [first, second] = operands;
    if (!first || !second) return;
    const filter = kernel === 'Conv2DBackpropFilter' ? operands.at(-1) : second;
    const narrow = first.storage === 'bf16' && this.matrixUnits;
    let bytes = 0;
    const scratch = narrow ? 0 : winogradBytes(ints);
    if (scratch > 0) {
      const growth = Math.max(0, roundUp(scratch) - this.#scratchBytes);
      this.#scratchBytes += growth;
      this.#blockBytes += growth;
    } else {
      for (const { storage, size } of operands) {
        if (storage === 'bf16' && !this.matrixUnits) bytes += roundUp(BYTES.f32 * size);
      }
      bytes += roundUp(
        (filter?.size ?? 0) * (narrow && filter === second ? BYTES.bf16 : BYTES.f32),
      );
    }
    this.#peakBytes = Math.max(this.#peakBytes, this.#blockBytes + bytes);
  }

  protected override store(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): NativeData {
    const data = super.store(values, shape, dtype);
    this.#take(bytesOf(data));
    return data;
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const held = this.refCount(dataId) > 0 ? this.data(dataId) : undefined;
    const gone = super.disposeData(dataId, force);
    if (!gone || !held) return gone;
    this.#give(bytesOf(held));
    for (const bytes of this.#copies.get(held)?.values() ?? []) {
      this.#copiedBytes -= bytes;
      this.#give(bytes);
    }
    this.#copies.delete(held);
    return gone;
  }

  count(): Count {
    return { bytes: this.#bytes, copiedBytes: this.#copiedBytes, peakBytes: this.#peakBytes };
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    this.#blockBytes += roundUp(bytes);
    this.#peakBytes = Math.max(this.#peakBytes, this.#blockBytes);
  }

  #give(bytes: number): void {
    this.#bytes -= bytes;
    this.#blockBytes -= roundUp(bytes);
  }
}

/**
 * Makes a counting backend the current one, in the place of our backend, which must not be open in
 * this process.
 */
export async function openCountingBackend(precision: 'f32' | 'bf16'): Promise<CountingBackend> {
  tf.env().set('PROD', true);
  const device = new CountingBackend(precision, hasMatrixUnits());
  if (!tf.registerBackend(NATIVE_BACKEND, () => device)) {
    throw new Error('A backend that computes is open in this process already');
  }
  registerKernels(NATIVE_BACKEND);
  await tf.setBackend(NATIVE_BACKEND);
  return device;
}

/** Whether this processor has AMX for bfloat16, as far as Linux says. */
function hasMatrixUnits(): boolean {
  try {
    return /^flags\s*:.*\bamx_bf16\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

function bytesOf({ storage, size }: NativeData): number {
  return BYTES[storage] * size;
}

/** What native/cpu/loops/winograd.h takes of these ConvParams, or 0 where it does not take them. */
function winogradBytes(ints: readonly number[]): number {
  const [batch = 0, , , inChannels = 0, outHeight = 0, outWidth = 0, outChannels = 0] = ints;
  const [taps = 0, width, ...strides] = ints.slice(7, 13);
  const groups = ints[15] ?? 1;
  const fewMultiplications = (inChannels * outChannels) / groups < 8192;
  const plain = width === taps && strides.every((stride) => stride === 1);
  const taken = taps === 3 || (taps === 5 && !fewMultiplications);
  const whole = (inChannels / groups) % 16 === 0 && (outChannels / groups) % 16 === 0;
  if (!plain || !taken || !whole) return 0;
  // The filter's 36 points and a chunk of the images' tiles, of 24 MiB at most.
  const out = 7 - taps;
  const tiles = batch * Math.ceil(outHeight / out) * Math.ceil(outWidth / out);
  const tileBytes = 36 * (inChannels + outChannels) * BYTES.f32;
  const filterBytes = (36 * inChannels * outChannels * BYTES.f32) / groups;
  return filterBytes + Math.min(24 << 20, tiles * tileBytes);
}

/** The size of the block that native/memory_pool.cc allocates for this many bytes. */
function roundUp(bytes: number): number {
  return Math.max(64, Math.ceil(bytes / 64) * 64);
}
