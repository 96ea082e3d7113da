/** A tfjs backend that computes, and how it is asked for. */
import type { NativeBackend } from './native-backend.js';

export type BackendName = 'cpu' | 'cuda' | 'tensorflow' | 'js';
export type BackendChoice = 'auto' | BackendName;
/** tf32 is f32 whose products may be rounded to TF32, on backend cuda alone. */
export type Precision = 'auto' | 'f32' | 'tf32' | 'bf16';

export interface Backend {
  readonly name: BackendName;
  readonly precision: 'f32' | 'bf16';
  /** Why this backend and precision, in one sentence. */
  readonly why: string;
  /**
   * Warnings about a slower backend or precision than this machine allows, each with its remedy.
   */
  readonly warnings: readonly string[];
  readonly threads: number;
  /** Resolves when all work submitted so far is done. */
  sync(): Promise<void>;
  /** Bytes held by tensors on the device now, and the most held since it was opened. */
  memory(): { bytes: number; peakBytes: number };
  /** Bytes of memory that the device has, where that is less than the system's. */
  readonly memoryBytes?: number;
  /** Kernels that were computed by copy on tfjs-backend-cpu, and how often. */
  fallbacks(): ReadonlyMap<string, number>;
  /** Our backend's object, whose kernels can be timed; the other backends have none. */
  readonly device?: NativeBackend;
}

export interface BackendOptions {
  readonly precision: Precision;
  readonly threads?: number | undefined;
  /** The number of the GPU, 0 if it is not given. */
  readonly device?: number | undefined;
  /** Whether the same inputs give the same bits on a GPU; true if it is not given. */
  readonly deterministic?: boolean | undefined;
}
