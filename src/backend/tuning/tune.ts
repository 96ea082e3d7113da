/** Chooses, for each call of a training step, the candidate that was measured to be the fastest. */
import type { NativeBackend } from '../native-backend.js';
import { type CountedCall, callKey } from './calls.js';
import type { MeasuredCalls } from './kept-times.js';
import { knownTimes, type OpenCall, openCalls } from './measured-calls.js';

/** The candidate of each call that another one computes than the fixed table's. */
export type Choices = Readonly<Record<string, string>>;

export interface Tuning {
  readonly choices: Choices;
  /** What is known of the calls that have several candidates. */
  readonly measured: MeasuredCalls;
  /** How many calls were measured now, and in how long. */
  readonly newly: number;
  readonly seconds: number;
  /** Milliseconds of a step that those calls take by the fixed table, and by the choices. */
  readonly fixed: number;
  readonly chosen: number;
  readonly warnings: readonly string[];
}

/** Those that have several candidates. */
function callsToChoose(device: NativeBackend, calls: readonly CountedCall[]): OpenCall[] {
  return openCalls(device, calls).filter(({ candidates }) => candidates.length > 1);
}

/**
 * Chooses by what is kept of this machine. What is not known is measured first where `times` is
 * given: for as long as the fixed table's candidates take in so many steps. The choices hold until
 * the next ones.
 */
export async function tune(
  device: NativeBackend,
  calls: readonly CountedCall[],
  { times }: { readonly times?: number | undefined },
): Promise<Tuning> {
  const start = performance.now();
  const open = callsToChoose(device, calls);
  const { measured, newly, warnings } = await knownTimes(device, open, times);
  const chosen = choose(device, open, (key) => measured[key]?.candidate);
  const sum = (name: (call: OpenCall) => string | undefined) =>
    open.reduce((total, call) => {
      const time = measured[call.key]?.milliseconds[name(call) ?? ''] ?? 0;
      return total + call.count * time;
    }, 0);
  return {
    choices: chosen,
    measured,
    newly,
    seconds: (performance.now() - start) / 1000,
    fixed: sum(({ candidates }) => candidates[0]),
    chosen: sum(({ key }) => measured[key]?.candidate),
    warnings,
  };
}

/** Chooses what `wanted` says for each call, and returns what is not the fixed table's. */
function choose(
  device: NativeBackend,
  calls: readonly OpenCall[],
  wanted: (key: string) => string | undefined,
): Choices {
  const chosen = calls.flatMap(({ call, key, candidates }) => {
    const candidate = wanted(key);
    const other = candidate !== undefined && candidate !== candidates[0];
    return other ? [{ call, key, candidate }] : [];
  });
  device.setChoices(chosen);
  return Object.fromEntries(chosen.map(({ key, candidate }) => [key, candidate]));
}

/**
 * Chooses as a run did. Returns the calls of its choices that this machine cannot compute so, which
 * are left to the fixed table.
 */
export function repeatChoices(
  device: NativeBackend,
  calls: readonly CountedCall[],
  choices: Choices,
): string[] {
  const open = callsToChoose(device, calls);
  const missing = open.filter(({ key, candidates }) => {
    const wanted = choices[key];
    return wanted !== undefined && !candidates.includes(wanted);
  });
  const impossible = missing.map(({ key }) => key);
  choose(device, open, (key) => (impossible.includes(key) ? undefined : choices[key]));
  return impossible;
}

/** Whether choices are those of this very step: each of them is of one of its calls. */
export function areFor(choices: Choices, calls: readonly CountedCall[]): boolean {
  const keys = new Set(calls.map(({ call }) => callKey(call)));
  return Object.keys(choices).every((key) => keys.has(key));
}
