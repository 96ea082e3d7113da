/** Which of several ways computes a kernel on backend cpu: what is asked of the addon, by call. */
import { STORAGE, type Storage } from '../addon.js';
import type { NativeData } from '../native-data.js';
import { countWords, type NativeKernel, type Parameters, packParameters } from '../parameters.js';

/** A call without its tensors: what one choice is for. */
export interface DescribedCall {
  readonly kernel: NativeKernel;
  /** The kernel's number in the addon. */
  readonly number: number;
  /** How many inputs, then type (-1: none) and size of each input and output. */
  readonly tensors: Float64Array;
  readonly words: Int32Array;
}

/** A candidate that was run for a call. */
export interface CandidateTime {
  readonly name: string;
  /** Infinite where there was no time to run it. */
  readonly seconds: number;
  /** How many times as long as the shortest run half of the runs took. */
  readonly spread: number;
  /** Whether its result is that of the fixed table's. */
  readonly agrees: boolean;
}

export function describeCall(
  kernel: NativeKernel,
  number: number,
  inputs: readonly (NativeData | undefined)[],
  outputs: readonly NativeData[],
  parameters: Parameters,
): DescribedCall {
  const tensors = [...inputs, ...outputs].flatMap((data) =>
    data ? [STORAGE[data.storage], data.size] : [-1, 0],
  );
  const words = new Int32Array(countWords(kernel, parameters));
  packParameters(kernel, parameters, words, new Float32Array(words.buffer), 0);
  return { kernel, number, tensors: Float64Array.of(inputs.length, ...tensors), words };
}

const STORAGE_NAMES = Object.keys(STORAGE) as Storage[];

/** A call in words, the same on every machine: "FusedConv2D bf16 f32 - > bf16 8,56,56,64,…". */
export function callKey({ kernel, tensors, words }: DescribedCall): string {
  const inputs = tensors[0] as number;
  const types: string[] = [];
  for (let at = 1; at < tensors.length; at += 2) {
    if (at === 1 + 2 * inputs) types.push('>');
    const type = tensors[at] as number;
    types.push(STORAGE_NAMES.find((name) => STORAGE[name] === type) ?? '-');
  }
  return [kernel, ...types, words.join()].join(' ');
}

/** A call of a training step, and how often the step makes it. */
export interface CountedCall {
  readonly call: DescribedCall;
  readonly count: number;
}

/** Counts the calls that it is given, each kind by itself. */
export class CallCounter {
  readonly #counts = new Map<string, { readonly call: DescribedCall; count: number }>();

  add(call: DescribedCall): void {
    const key = callKey(call);
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { call, count: 1 });
    else known.count++;
  }

  /** In the order in which they came first. */
  get calls(): readonly CountedCall[] {
    return [...this.#counts.values()];
  }
}
