/**
 * Our backend computing nothing: it works out shapes, counts bytes, and asks the addon for the
 * rest.
 */
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type Addon, ALIGNMENT, kernelNames, type Queue, STORAGE_BYTES } from './addon.js';
import { changesInput } from './kernel-work.js';
import { registerKernels } from './kernels/index.js';
import { loadAddon } from './load-addon.js';
import { NativeBackend, type Output } from './native-backend.js';
import type { NativeData } from './native-data.js';
import type { NativeKernel, Parameters, ParametersIfAny, ParametersOf } from './parameters.js';
import { type DescribedCall, describeCall } from './tuning/calls.js';

const decodingNothing = (): never => {
  throw new Error('Images are not decoded where nothing is computed.');
};

const COMPUTING_NOTHING: Queue = {
  description: 'nothing',
  memoryBytes: 0,
  commands: () => new ArrayBuffer(1 << 20),
  submit: () => {},
  write: () => {},
  readSync: () => {},
  read: async (_slot, into) => into,
  sync: async () => {},
  memory: () => [0, 0],
  profile: () => {},
  timings: () => [],
  trim: () => {},
  join: () => {},
  timeCandidates: () => [],
  choose: () => {},
  describeDecoder: decodingNothing,
  beginBatch: decodingNothing,
  holdBatch: decodingNothing,
  dropBatch: decodingNothing,
};

/** What stands for the addon where there is none: then kernels take nothing for themselves. */
const NO_ADDON: Pick<Addon, 'kernels' | 'measure'> = { kernels: () => [], measure: () => [] };

/** Bytes that tensors hold. */
export interface Count {
  readonly bytes: number;
  /** The part of `bytes` that are copies of weights in the type that kernels take. */
  readonly copiedBytes: number;
  /** The peak, with what kernels take for themselves, in blocks as the addon allocates them. */
  readonly peakBytes: number;
}

/** Runs every kernel by the shapes of its tensors alone, whose values are undefined. */
export class CountingBackend extends NativeBackend {
  /** Called before each kernel with its name. */
  onKernel: (kernel: string) => void = () => {};
  /** Called with each kernel of the addon, by its shapes. */
  onCall: (call: DescribedCall) => void = () => {};
  #bytes = 0;
  #copiedBytes = 0;
  #blockBytes = 0;
  #peakBytes = 0;
  #scratchBytes = 0;
  readonly #measure: Addon['measure'];
  readonly #copies = new Map<NativeData, number>();
  readonly #met = new WeakMap<NativeData, Set<NativeKernel>>();

  /**
   * `source`: the addon to ask, or why there is none. Without one, and with one for GPUs alone,
   * nothing counts but tensors.
   */
  constructor(
    precision: 'f32' | 'bf16',
    readonly source: Addon | Error,
  ) {
    // What is measured are the kernels of the CPU.
    const addon = source instanceof Error || !source.hasCpu() ? NO_ADDON : source;
    super(COMPUTING_NOTHING, kernelNames(addon), availableParallelism(), precision);
    this.#measure = addon.measure;
  }

  override run<K extends NativeKernel>(
    kernel: K,
    inputs: readonly (tf.TensorInfo | undefined)[],
    outputs: readonly Output[],
    ...[given]: ParametersIfAny<K>
  ): tf.TensorInfo[] {
    this.onKernel(kernel);
    const operands = inputs.map((input) => input && this.data(input.dataId));
    const first = operands.find((operand) => operand !== undefined);
    const results = outputs.map((output) => {
      const data = this.allocate(output, first);
      this.#take(bytesOf(data));
      return { dataId: data, shape: [...output.shape], dtype: data.dtype };
    });
    this.#countKernel(
      kernel,
      operands,
      results.map(({ dataId }) => dataId),
      given ?? {},
    );
    this.onRun?.(kernel, inputs, results, (given ?? {}) as ParametersOf<K>);
    return results;
  }

  /** What the kernel takes beside its tensors: scratch memory and copies of inputs stay. */
  #countKernel(
    kernel: NativeKernel,
    inputs: readonly (NativeData | undefined)[],
    outputs: readonly NativeData[],
    parameters: Parameters,
  ): void {
    const number = this.kernelNumbers.get(kernel);
    if (number === undefined) return;
    const call = describeCall(kernel, number, inputs, outputs, parameters);
    this.onCall(call);
    const [scratch = 0, temporary = 0, ...kept] = this.#measure(
      number,
      call.tensors,
      call.words,
      this.threads,
      Number(this.#isRepeated(kernel, inputs)),
    );
    for (const [index, data] of inputs.entries()) this.#copy(data, kept[index] ?? 0);
    const growth = scratch > 0 ? Math.max(0, blockFor(scratch) - this.#scratchBytes) : 0;
    this.#scratchBytes += growth;
    this.#blockBytes += growth;
    this.#peakBytes = Math.max(this.#peakBytes, this.#blockBytes + temporary);
  }

  /** Whether the kernel has met its weight, the second input, since that changed: it keeps a copy then. */
  #isRepeated(kernel: NativeKernel, inputs: readonly (NativeData | undefined)[]): boolean {
    inputs.forEach((data, index) => {
      if (data && changesInput(kernel, index)) this.#met.delete(data);
    });
    const [, weight] = inputs;
    if (weight === undefined) return false;
    const met = this.#met.get(weight) ?? new Set();
    this.#met.set(weight, met);
    const repeated = met.has(kernel);
    met.add(kernel);
    return repeated;
  }

  /** An input's copies take `bytes` in all from now on, as long as the input is there. */
  #copy(data: NativeData | undefined, bytes: number): void {
    const known = data && this.#copies.get(data);
    if (!data || bytes <= (known ?? 0)) return;
    if (known !== undefined) this.#give(known);
    this.#copies.set(data, bytes);
    this.#copiedBytes += bytes - (known ?? 0);
    this.#take(bytes);
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
    const copied = this.#copies.get(held);
    if (copied !== undefined) {
      this.#copiedBytes -= copied;
      this.#give(copied);
    }
    this.#copies.delete(held);
    return gone;
  }

  count(): Count {
    return { bytes: this.#bytes, copiedBytes: this.#copiedBytes, peakBytes: this.#peakBytes };
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    this.#blockBytes += blockFor(bytes);
    this.#peakBytes = Math.max(this.#peakBytes, this.#blockBytes);
  }

  #give(bytes: number): void {
    this.#bytes -= bytes;
    this.#blockBytes -= blockFor(bytes);
  }
}

/** Its name in tfjs's registry. */
const COUNTING_BACKEND = 'counting';

/**
 * Makes a counting backend the current one for the time of `count`, beside any that computes;
 * `source` is whom it asks.
 */
export async function withCountingBackend<T>(
  precision: 'f32' | 'bf16',
  count: (device: CountingBackend) => T | Promise<T>,
  source: Addon | Error = findAddon(),
): Promise<T> {
  const current = tf.getBackend();
  tf.env().set('PROD', true);
  const device = new CountingBackend(precision, source);
  tf.registerBackend(COUNTING_BACKEND, () => device);
  registerKernels(COUNTING_BACKEND);
  try {
    await tf.setBackend(COUNTING_BACKEND);
    return await count(device);
  } finally {
    if (current) await tf.setBackend(current);
    tf.removeBackend(COUNTING_BACKEND);
  }
}

function findAddon(): Addon | Error {
  try {
    return loadAddon();
  } catch (error) {
    return error as Error;
  }
}

function bytesOf({ storage, size }: NativeData): number {
  return STORAGE_BYTES[storage] * size;
}

/** The block that the addon's pool gives out for this many bytes. */
function blockFor(bytes: number): number {
  return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}
