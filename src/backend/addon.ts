/** The addon's functions, and the numbers that both sides know; load-addon.ts compares these. */

/** The element types that the addon stores; the numbers are those of native/tensor.h's DType. */
export const STORAGE = { f32: 0, bf16: 1, i32: 2, u8: 3 } as const;
export type Storage = keyof typeof STORAGE;

export const STORAGE_BYTES: Readonly<Record<Storage, number>> = { f32: 4, bf16: 2, i32: 4, u8: 1 };

/** Tensors take memory in multiples of it. */
export const ALIGNMENT = 64;

/** The longest side of a pooling window that the addon takes. */
export const MAX_POOL_FILTER = 64;

/** The most axes of a tensor with strides. */
export const MAX_RANK = 8;

/**
 * The first word of the command that frees a tensor; other commands begin with a kernel's number.
 */
export const FREE = -1;

/** Commands around the kernels of a training step. */
export const STEP = { begin: -3, end: -4 } as const;

export type Values = Float32Array | Int32Array | Uint8Array;

/** The functions of native/binding.cc. */
export interface Addon {
  openCpu(threads: number, strict: boolean): Queue;
  /** `tf32`: products of float32 may be rounded to TF32. */
  openCuda(device: number, tf32: boolean, deterministic: boolean): Queue;
  /** A line for each GPU; throws why there is none. */
  describeCuda(): string[];
  /** The library that decodes JPEGs on a GPU; throws why there is none. */
  describeNvjpeg(): string;
  kernels(): string[];
  facts(): string[];
  /** Whether the kernels of the CPU were built in. */
  hasCpu(): boolean;
  /** Whether the processor has instructions that multiply bfloat16. */
  multipliesBf16(): boolean;
  /** The version of oneDNN that was loaded. */
  onednnVersion(): string;
  /** What a library carries bytes with between processes; throws why it does not. */
  describeTransport(library: string): string;
  /** The processes that a launcher has started; throws after `seconds` in which one is silent. */
  openTransport(library: string, seconds: number): Collective;
  /** One of `size` in this process that call themselves by one name; for tests. */
  openLoopback(name: string, rank: number, size: number, seconds: number): Collective;
  measure(
    kernel: number,
    tensors: Float64Array,
    words: Int32Array,
    threads: number,
    repeated: number,
  ): number[];
  /** The names of those that can compute a call, the fixed table's first. */
  candidates(kernel: number, tensors: Float64Array, words: Int32Array, threads: number): string[];
}

declare const communicator: unique symbol;

/** Processes that train together (native/collective/). All of them call the same, in the same order. */
export interface Collective {
  /** What carries bytes between them. */
  readonly description: string;
  readonly rank: number;
  readonly size: number;
  /** The same among those of this machine. */
  readonly localRank: number;
  readonly localSize: number;
  readonly handle: { readonly [communicator]: never };
  /** The bytes of all, as many from each, in the order of ranks. */
  gather(bytes: Uint8Array): Promise<Uint8Array>;
  /** The bytes of `root`; all give as many. */
  broadcast(bytes: Uint8Array, root: number): Promise<Uint8Array>;
  /** Bytes that this process has sent for steps so far. */
  sentForSteps(): number;
  /** What the ranks are called in errors. */
  name(texts: readonly string[]): void;
  /** Leaves the others, once all have come to this within so many seconds; the last bytes of all. */
  close(bytes: Uint8Array, seconds: number): Promise<Uint8Array>;
}

/** The work of a device that is open. */
export interface Queue {
  /** What computes, in words. */
  readonly description: string;
  /** Bytes of memory that it has; 0 where the system decides. */
  readonly memoryBytes: number;
  commands(): ArrayBuffer;
  submit(words: number): void;
  write(slot: number, storage: number, values: Values): void;
  readSync(slot: number, into: Values): void;
  read<T extends Values>(slot: number, into: T): Promise<T>;
  sync(): Promise<void>;
  memory(resetPeak: boolean): [number, number];
  profile(on: boolean): void;
  timings(): number[];
  trim(): void;
  /** From now on AllReduceStart sums over these processes. */
  join(handle: Collective['handle']): void;
  /** [name, seconds, spread, whether it agrees, …], the fixed table's first. */
  timeCandidates(
    kernel: number,
    tensors: Float64Array,
    words: Int32Array,
    seconds: number,
    times: number,
  ): (string | number | boolean)[];
  /** Which candidate computes a call of training steps from now on; '' leaves it to the fixed table. */
  choose(kernel: number, tensors: Float64Array, words: Int32Array, candidate: string): void;
  /** What decodes images on the device, in words; throws why nothing does. */
  describeDecoder(): string;
  /** A batch (slots, size, size, channels) of bytes, for decodeJpegs of JpegAddon. */
  beginBatch(slots: number, size: number, channels: number): ImageBatch;
  /** Gives it to a tensor, with some slots as they are in `images`; throws what decoding failed in. */
  holdBatch(slot: number, batch: ImageBatch, images: Uint8Array, slots: Int32Array): void;
  dropBatch(batch: ImageBatch): void;
}

declare const imageBatch: unique symbol;
/** Images in the memory of a device, until a tensor holds them. */
export type ImageBatch = { readonly [imageBatch]: never };

/** The addon's kernels in the order of their numbers. */
export function kernelNames(addon: Pick<Addon, 'kernels'>): string[] {
  return addon.kernels().filter((_, index) => index % 2 === 0);
}
