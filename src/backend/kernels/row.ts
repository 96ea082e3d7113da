import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../native-backend.js';

/** A kernel call as tfjs makes it. Some kernels' inputs are a list (Concat, AddN, Sgd). */
// biome-ignore lint/suspicious/noExplicitAny: attributes differ by kernel and tfjs types them as {}
export interface KernelCall<Inputs = any, Attrs = any> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly backend: NativeBackend;
}

/** Computes a tfjs kernel by native ones; undefined sends the call to the CPU fallback. */
export type KernelFunction = (call: KernelCall) => TensorInfo | TensorInfo[] | undefined;

/** Kernels by tfjs's name, or ours where tfjs has none. */
export type KernelRows = Readonly<Record<string, KernelFunction>>;

export type Inputs<Names extends string> = Record<Names, TensorInfo> & NamedTensorInfoMap;
