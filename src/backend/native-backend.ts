import {
  type BackendTimingInfo,
  backend_util,
  type DataId,
  type DataType,
  engine,
  KernelBackend,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { firstLine, lostProcess, OutOfMemoryError, RunError, UsageError } from '../errors.js';
import { FREE, type ImageBatch, type Queue, STEP, STORAGE, type Storage } from './addon.js';
import {
  emptyValues,
  type HostValues,
  hostValues,
  NativeData,
  storageFor,
  typedValues,
} from './native-data.js';
import {
  countWords,
  type NativeKernel,
  type Parameters,
  type ParametersIfAny,
  type ParametersOf,
  packParameters,
} from './parameters.js';
import { type RecordedPass, Recording, recordedPass } from './recorded-pass.js';
import { type CandidateTime, type DescribedCall, describeCall } from './tuning/calls.js';

/** Commands count the values of a tensor in an int32. */
const MOST_VALUES = 2 ** 31 - 1;

/**
 * The storage of a result: the precision's own type, plain float32, or that of the first input, but
 * float32 in f32.
 */
export type ResultStorage = 'compute' | 'f32' | 'same';

export interface Output {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32' | 'bool';
  readonly storage?: ResultStorage;
}

export type OnRun = <K extends NativeKernel>(
  kernel: K,
  inputs: readonly (TensorInfo | undefined)[],
  outputs: readonly TensorInfo[],
  parameters: ParametersOf<K>,
) => void;

/**
 * Words that are collected before they go to the compute thread. A whole step of a small network is
 * handed over at once: on few cores, waking the compute thread for every kernel slows it down.
 */
const FLUSH_WORDS = 8192;

/** What a device says of itself is for the user; all else would be a fault of ours. */
function explain(error: Error): never {
  if (/out of memory/.test(error.message)) {
    throw new OutOfMemoryError(
      `The device ran out of memory (${error.message}). Use a smaller --batch-size.`,
      { cause: error },
    );
  }
  const lost = lostProcess(error);
  if (lost !== undefined) throw lost;
  const failed = /The GPU failed in .*/.exec(error.message);
  if (failed) throw new RunError(`${failed[0]}. "cnn doctor" says what works.`, { cause: error });
  throw error;
}

function explained<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    return explain(error as Error);
  }
}

/**
 * The tfjs backend of our addon. Kernels are enqueued and return at once; read() resolves when the
 * work before it is done, readSync() waits. In bf16 a tensor of dtype float32 may be stored as
 * bfloat16; reads widen it.
 */
export class NativeBackend extends KernelBackend {
  /** CPU fallbacks taken, by kernel. */
  readonly fallbacks = new Map<string, number>();
  /** Called with each kernel that was enqueued, its tensors and whole parameters; for profiles. */
  onRun: OnRun | undefined;
  protected readonly words: Int32Array;
  protected readonly floats: Float32Array;
  protected readonly kernelNumbers: ReadonlyMap<string, number>;
  private readonly foreign = new WeakMap<object, NativeData>();
  private readonly freeSlots: number[] = [];
  private nextSlot = 0;
  private filled = 0;
  private chosen: readonly DescribedCall[] = [];
  private recording: Recording | undefined;
  private live = 0;

  /** `kernels`: names in the order of the addon's numbers. */
  constructor(
    readonly queue: Queue,
    kernels: readonly string[],
    readonly threads: number,
    public precision: 'f32' | 'bf16',
  ) {
    super();
    const buffer = queue.commands();
    this.words = new Int32Array(buffer);
    this.floats = new Float32Array(buffer);
    this.kernelNumbers = new Map(kernels.map((name, number) => [name, number]));
  }

  /** Enqueues a native kernel and returns its outputs. */
  run<K extends NativeKernel>(
    kernel: K,
    inputs: readonly (TensorInfo | undefined)[],
    outputs: readonly Output[],
    ...[given]: ParametersIfAny<K>
  ): TensorInfo[] {
    const parameters: Parameters = given ?? {};
    const { words } = this;
    const parameterWords = countWords(kernel, parameters);
    this.reserve(4 + inputs.length + 3 * outputs.length + parameterWords);
    let at = this.filled;
    words[at++] = this.kernelNumbers.get(kernel) as number;
    words[at++] = inputs.length;
    words[at++] = outputs.length;
    words[at++] = parameterWords;
    let first: NativeData | undefined;
    for (const input of inputs) {
      const data = input === undefined ? undefined : this.data(input.dataId);
      if (data !== undefined) this.recording?.read.add(data);
      first ??= data;
      words[at++] = data === undefined ? -1 : data.slot;
    }
    const results: TensorInfo[] = [];
    for (const output of outputs) {
      const result = this.allocate(output, first);
      this.recording?.made.add(result);
      words[at++] = result.slot;
      words[at++] = STORAGE[result.storage];
      words[at++] = result.size;
      results.push({ dataId: result, shape: output.shape as number[], dtype: result.dtype });
    }
    this.filled = packParameters(kernel, parameters, words, this.floats, at);
    this.onRun?.(kernel, inputs, results, parameters as unknown as ParametersOf<K>);
    return results;
  }

  /**
   * Runs a training step, whose kernels a GPU may run as one where they are those of the steps before
   * it. Between them nothing is written or read.
   */
  asStep<T>(step: () => T): T {
    this.mark(STEP.begin);
    try {
      return step();
    } finally {
      this.mark(STEP.end);
    }
  }

  private mark(command: number): void {
    this.reserve(1);
    this.words[this.filled++] = command;
  }

  /** Makes room for a command in the shared buffer. */
  private reserve(words: number): void {
    if (this.filled > FLUSH_WORDS || this.filled + words > this.words.length) this.flush();
    if (words > this.words.length) throw new Error(`${words} words exceed a command.`);
  }

  /** Hands the collected commands to the compute thread. */
  private flush(): void {
    if (this.filled === 0) return;
    this.recording?.add(this.words.slice(0, this.filled));
    this.queue.submit(this.filled);
    this.filled = 0;
  }

  /**
   * Runs a pass that makes a tensor of `input`, and keeps its commands; they are undefined where they
   * cannot be handed over again.
   */
  record<T extends TensorInfo>(
    input: TensorInfo,
    pass: () => T,
  ): { result: T; recorded: RecordedPass | undefined } {
    this.flush();
    const recording = new Recording();
    this.recording = recording;
    let result: T;
    try {
      result = pass();
      this.flush();
    } finally {
      this.recording = undefined;
    }
    const recorded = recordedPass(recording, this.data(input.dataId), this.data(result.dataId));
    if (recorded === undefined || recorded.words.length > this.words.length) {
      return { result, recorded: undefined };
    }
    const kept = new Set(recorded.slots);
    const free = this.freeSlots.filter((slot) => !kept.has(slot));
    this.freeSlots.splice(0, this.freeSlots.length, ...free);
    return { result, recorded };
  }

  /** Values that come from JavaScript, or go there, are of one pass alone. */
  private breakRecording(): void {
    if (this.recording !== undefined) this.recording.broken = true;
  }

  /** Whether all that a recorded pass reads is still there. */
  canReplay({ weights }: RecordedPass): boolean {
    return this.onRun === undefined && weights.every(({ refCount }) => refCount > 0);
  }

  /** What a recorded pass makes of another input of the same shape and type. */
  replay(
    { words, inputPlaces, resultPlaces, result }: RecordedPass,
    input: TensorInfo,
  ): Pick<TensorInfo, 'dataId' | 'dtype'> {
    this.reserve(words.length);
    const { slot } = this.data(input.dataId);
    const made = new NativeData(this.takeSlot(), result.dtype, result.storage, result.size);
    this.live++;
    this.words.set(words, this.filled);
    for (const place of inputPlaces) this.words[this.filled + place] = slot;
    for (const place of resultPlaces) this.words[this.filled + place] = made.slot;
    this.filled += words.length;
    return { dataId: made, dtype: made.dtype };
  }

  /** Gives back the slots of a recorded pass, which is not run again. */
  forget({ slots }: RecordedPass): void {
    this.freeSlots.push(...slots);
  }

  /** `run` for the many kernels with one output. */
  runOne<K extends NativeKernel>(
    kernel: K,
    inputs: readonly (TensorInfo | undefined)[],
    output: Output,
    ...parameters: ParametersIfAny<K>
  ): TensorInfo {
    return this.run(kernel, inputs, [output], ...parameters)[0] as TensorInfo;
  }

  protected allocate(output: Output, first: NativeData | undefined): NativeData {
    const dtype = output.dtype ?? 'float32';
    let storage: Storage = dtype === 'int32' ? 'i32' : dtype === 'bool' ? 'u8' : 'f32';
    if (storage === 'f32' && output.storage === 'compute') storage = this.precision;
    if (storage === 'f32' && output.storage === 'same' && first?.storage === 'bf16') {
      storage = this.precision;
    }
    const size = util.sizeFromShape([...output.shape]);
    if (size > MOST_VALUES) {
      throw new UsageError(
        `Expected tensors of at most ${MOST_VALUES.toLocaleString('en')} values but one would have ${output.shape.join('×')}: choose a smaller --batch-size, or smaller images by --input-size (of cnn eval: --crop-size)`,
      );
    }
    this.live++;
    return new NativeData(this.takeSlot(), dtype, storage, size);
  }

  private takeSlot(): number {
    return this.freeSlots.pop() ?? this.nextSlot++;
  }

  /** The data of a tensor, brought here first if another backend holds it. */
  data(dataId: DataId): NativeData {
    if (dataId instanceof NativeData) return dataId;
    const known = this.foreign.get(dataId);
    if (known) return known;
    engine().moveData(this, dataId);
    return this.foreign.get(dataId) as NativeData;
  }

  /** How a tensor is stored; kernels that take only some storages ask this. */
  storageOf(tensor: TensorInfo): Storage {
    return this.data(tensor.dataId).storage;
  }

  /** Another reference to the same data under another shape: no kernel, no copy. */
  view(tensor: TensorInfo, shape: number[], dtype: DataType = tensor.dtype): TensorInfo {
    this.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape, dtype };
  }

  protected store(
    values: backend_util.BackendValues,
    shape: number[],
    dtype: DataType,
  ): NativeData {
    this.live++;
    const size = util.sizeFromShape(shape);
    if (dtype === 'string') {
      return new NativeData(-1, dtype, 'u8', size, (values ?? []) as Uint8Array[]);
    }
    if (dtype === 'complex64') {
      const parts = backend_util.splitRealAndImagArrays(values as Float32Array);
      return new NativeData(-1, dtype, 'f32', size, parts);
    }
    this.breakRecording();
    const data = new NativeData(this.takeSlot(), dtype, storageFor(dtype), size);
    this.flush();
    const typed = typedValues(values, dtype, size);
    explained(() => this.queue.write(data.slot, STORAGE[data.storage], typed));
    return data;
  }

  /** What decodes images on the device; throws a RunError why nothing does. */
  describeDecoder(): string {
    try {
      return this.queue.describeDecoder();
    } catch (error) {
      throw new RunError(`--decode gpu does not work here: ${firstLine(error)}`, { cause: error });
    }
  }

  /** A batch of images that the device is to decode; throws where there is no memory for it. */
  beginBatch(...shape: readonly [slots: number, size: number, channels: number]): ImageBatch {
    return explained(() => this.queue.beginBatch(...shape));
  }

  /** The data of a tensor of bytes, the images that the device has decoded. */
  holdBatch(batch: ImageBatch, images: Uint8Array, slots: Int32Array): DataId {
    const slot = this.takeSlot();
    try {
      this.flush();
      explained(() => this.queue.holdBatch(slot, batch, images, slots));
    } catch (error) {
      this.freeSlots.push(slot);
      throw error;
    }
    this.live++;
    return new NativeData(slot, 'bool', 'u8', images.length);
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId {
    return this.store(values, shape, dtype);
  }

  override move(
    dataId: DataId,
    values: backend_util.BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const data = this.store(values, shape, dtype);
    data.refCount = refCount;
    this.foreign.set(dataId, data);
  }

  /** A host tensor, of strings or complex numbers. */
  writeHost(host: HostValues, shape: number[], dtype: DataType): TensorInfo {
    this.live++;
    const data = new NativeData(-1, dtype, 'f32', util.sizeFromShape(shape), host);
    return { dataId: data, shape, dtype };
  }

  override readSync(dataId: DataId): backend_util.BackendValues {
    const data = this.data(dataId);
    if (data.host) return hostValues(data.host);
    const values = emptyValues(data);
    this.breakRecording();
    this.flush();
    explained(() => this.queue.readSync(data.slot, values));
    return values;
  }

  override async read(dataId: DataId): Promise<backend_util.BackendValues> {
    const data = this.data(dataId);
    if (data.host) return hostValues(data.host);
    this.breakRecording();
    this.flush();
    return this.queue.read(data.slot, emptyValues(data)).catch(explain);
  }

  /** The values of a float32 tensor, put into `values`, which has as many. */
  async readInto(dataId: DataId, values: Float32Array): Promise<Float32Array> {
    const { slot } = this.data(dataId);
    this.flush();
    return this.queue.read(slot, values).catch(explain) as Promise<Float32Array>;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const data = dataId instanceof NativeData ? dataId : this.foreign.get(dataId);
    if (data === undefined || data.refCount <= 0) return true;
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    data.refCount = 0;
    this.live--;
    if (data.slot >= 0) {
      this.reserve(2);
      this.words[this.filled++] = FREE;
      this.words[this.filled++] = data.slot;
      this.freeSlots.push(data.slot);
    }
    this.foreign.delete(dataId);
    return true;
  }

  override incRef(dataId: DataId): void {
    this.data(dataId).refCount++;
  }

  override refCount(dataId: DataId): number {
    const data = dataId instanceof NativeData ? dataId : this.foreign.get(dataId);
    return data?.refCount ?? 0;
  }

  override numDataIds(): number {
    return this.live;
  }

  override memory(): { unreliable: boolean; deviceBytes: number; peakBytes: number } {
    const [deviceBytes, peakBytes] = this.queue.memory(false);
    return { unreliable: false, deviceBytes, peakBytes };
  }

  /** A call of a kernel with these tensors, for choices. */
  describe<K extends NativeKernel>(
    kernel: K,
    inputs: readonly (TensorInfo | undefined)[],
    outputs: readonly TensorInfo[],
    parameters: ParametersOf<K>,
  ): DescribedCall {
    const number = this.kernelNumbers.get(kernel) as number;
    const operands = inputs.map((input) => input && this.data(input.dataId));
    const results = outputs.map((output) => this.data(output.dataId));
    return describeCall(kernel, number, operands, results, parameters as unknown as Parameters);
  }

  /** Lets candidates compute calls in training steps from now on; the fixed table has all others. */
  setChoices(choices: readonly { call: DescribedCall; candidate: string }[]): void {
    this.flush();
    for (const call of this.chosen) this.choose(call, '');
    for (const { call, candidate } of choices) this.choose(call, candidate);
    this.chosen = choices.map(({ call }) => call);
  }

  private choose({ number, tensors, words }: DescribedCall, candidate: string): void {
    this.queue.choose(number, tensors, words, candidate);
  }

  /**
   * Runs the candidates for a call, for about `seconds` and `times` what the fixed table's takes,
   * which is the first of them.
   */
  timeCandidates(
    { number, tensors, words }: DescribedCall,
    { seconds, times }: { seconds: number; times: number },
  ): CandidateTime[] {
    this.flush();
    const found = explained(() =>
      this.queue.timeCandidates(number, tensors, words, seconds, times),
    );
    return Array.from({ length: found.length / 4 }, (_, index) => {
      const [name, time, spread, agrees] = found.slice(4 * index) as [
        ...[name: string, seconds: number, spread: number, agrees: boolean],
      ];
      return { name, seconds: time, spread, agrees };
    });
  }

  sync(): Promise<void> {
    this.flush();
    return this.queue.sync().catch(explain);
  }

  override timerAvailable(): boolean {
    return true;
  }

  /**
   * `run` is called at once, as tfjs's profiler expects; work submitted before it does not count.
   */
  override async time(run: () => void): Promise<BackendTimingInfo> {
    const start = this.sync().then(() => performance.now());
    run();
    await this.sync();
    return { kernelMs: performance.now() - (await start) };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}
}
