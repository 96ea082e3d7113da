/** Whether a step is faster with activations in float32 or in bfloat16, by the times of its kernels. */
import type { NativeBackend } from '../native-backend.js';
import { type CountedCall, callKey } from './calls.js';
import { type Known, knownTimes, type OpenCall, openCalls } from './measured-calls.js';

type Precision = 'f32' | 'bf16';

/** Milliseconds of a step in each, without the kernels that are the same in both. */
export type StepTimes = Readonly<Record<Precision, number>>;

/** bf16, which rounds more, replaces f32 if it takes at most this share of its time. */
const WORTHWHILE = 0.95;

export function fasterPrecision({ f32, bf16 }: StepTimes): Precision {
  return bf16 <= WORTHWHILE * f32 ? 'bf16' : 'f32';
}

/**
 * How long a step takes in each precision, as the sum of its kernels; nothing where some of them are
 * not known. Those that are not are measured where `times` is given, as `knownTimes` says.
 */
export async function timeStep(
  device: NativeBackend,
  calls: Readonly<Record<Precision, readonly CountedCall[]>>,
  times: number | undefined,
): Promise<StepTimes | undefined> {
  const found: Partial<Record<Precision, number>> = {};
  for (const [precision, other] of [
    ['f32', 'bf16'],
    ['bf16', 'f32'],
  ] as const) {
    const open = openCalls(device, without(calls[precision], calls[other]));
    if (open.length === 0) return undefined;
    const sum = sumOf(open, await knownTimes(device, open, times));
    if (sum === undefined) return undefined;
    found[precision] = sum;
  }
  return found as StepTimes;
}

function without(calls: readonly CountedCall[], others: readonly CountedCall[]): CountedCall[] {
  const keys = new Set(others.map(({ call }) => callKey(call)));
  return calls.filter(({ call }) => !keys.has(callKey(call)));
}

function sumOf(calls: readonly OpenCall[], { measured, rough }: Known): number | undefined {
  let sum = 0;
  for (const { key, count } of calls) {
    const entry = measured[key];
    const time = entry?.milliseconds[entry.candidate] ?? rough[key];
    if (time === undefined) return undefined;
    sum += count * time;
  }
  return sum;
}
