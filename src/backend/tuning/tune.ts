/** Chooses, for each call of a training step, the candidate that was measured to be the fastest. */
import { loadAddon } from '../load-addon.js';
import type { NativeBackend } from '../native-backend.js';
import { type CandidateTime, type CountedCall, callKey } from './calls.js';
import {
  addTimes,
  describeMachine,
  type Machine,
  type Measured,
  type MeasuredCalls,
  readTimes,
} from './kept-times.js';

/** A candidate replaces the fixed table's if it takes at most this share of its time. */
const WORTHWHILE = 0.95;
/** Times that vary more are those of a machine that has other work to do: they choose nothing. */
const STEADY = 1.5;

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

/** A call that has several candidates. */
interface OpenCall extends CountedCall {
  readonly key: string;
  /** The fixed table's first. */
  readonly candidates: readonly string[];
}

function openCalls(device: NativeBackend, calls: readonly CountedCall[]): OpenCall[] {
  const addon = loadAddon();
  return calls.flatMap((counted) => {
    const { number, tensors, words } = counted.call;
    const candidates = addon.candidates(number, tensors, words, device.threads);
    return candidates.length < 2 ? [] : [{ ...counted, key: callKey(counted.call), candidates }];
  });
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
  const open = openCalls(device, calls);
  const machine = await describeMachine(device.queue.description, device.threads);
  const kept = await readTimes(machine);
  const known = open.flatMap(({ key, candidates }) => {
    const entry = kept[key];
    return entry !== undefined && candidates.includes(entry.candidate) ? [[key, entry]] : [];
  });
  const unknown = open.filter(({ key }) => !known.some(([name]) => name === key));
  const found: Found = times === undefined ? NOTHING : await measure(device, unknown, times);
  const warnings = [...found.warnings, ...(await keep(machine, found.measured))];
  const measured: MeasuredCalls = { ...Object.fromEntries(known), ...found.measured };
  const chosen = choose(device, open, (key) => measured[key]?.candidate);
  const sum = (name: (call: OpenCall) => string | undefined) =>
    open.reduce((total, call) => {
      const time = measured[call.key]?.milliseconds[name(call) ?? ''] ?? 0;
      return total + call.count * time;
    }, 0);
  return {
    choices: chosen,
    measured,
    newly: Object.keys(found.measured).length,
    seconds: (performance.now() - start) / 1000,
    fixed: sum(({ candidates }) => candidates[0]),
    chosen: sum(({ key }) => measured[key]?.candidate),
    warnings,
  };
}

interface Found {
  readonly measured: MeasuredCalls;
  readonly warnings: readonly string[];
}

const NOTHING: Found = { measured: {}, warnings: [] };

async function measure(
  device: NativeBackend,
  calls: readonly OpenCall[],
  times: number,
): Promise<Found> {
  const measured: Record<string, Measured> = {};
  const warnings: string[] = [];
  // What the calls before left of their time, or took of that of the next.
  let seconds = 0;
  for (const { call, count, key } of calls) {
    const start = performance.now();
    const found = device.timeCandidates(call, { seconds, times: times * count });
    const fixed = found[0]?.seconds ?? 0;
    seconds += times * count * fixed - (performance.now() - start) / 1000;
    for (const { name } of found.filter(({ agrees }) => !agrees)) {
      warnings.push(
        `The candidate ${name} computes something else than ${found[0]?.name}, and is not used, for ${key}. This is a fault of cnn`,
      );
    }
    const fastest = fastestOf(found);
    if (fastest !== undefined) measured[key] = fastest;
    // Signals and decoding come in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  device.queue.trim();
  await device.sync();
  // What was taken for this is none of the training's.
  device.queue.memory(true);
  return { measured, warnings };
}

/**
 * What is chosen of the candidates that were run, the fixed table's first; nothing where its time or
 * that of the fastest is not to be relied on.
 */
export function fastestOf(found: readonly CandidateTime[]): Measured | undefined {
  const agreeing = found.filter(({ agrees, seconds }) => agrees && Number.isFinite(seconds));
  const [fixed] = agreeing;
  if (fixed === undefined) return undefined;
  const best = agreeing.reduce((one, other) => (other.seconds < one.seconds ? other : one));
  if (Math.max(fixed.spread, best.spread) > STEADY) return undefined;
  const chosen = best.seconds <= WORTHWHILE * fixed.seconds ? best : fixed;
  const times = agreeing.map(({ name, seconds }) => [name, rounded(1000 * seconds)] as const);
  return { candidate: chosen.name, milliseconds: Object.fromEntries(times) };
}

/** Three digits are more than a measurement has. */
function rounded(milliseconds: number): number {
  return Number(Math.max(milliseconds, 1e-6).toPrecision(3));
}

async function keep(machine: Machine, measured: MeasuredCalls): Promise<string[]> {
  if (Object.keys(measured).length === 0) return [];
  const failure = await addTimes(machine, measured);
  return failure === undefined ? [] : [failure];
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
  const open = openCalls(device, calls);
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
