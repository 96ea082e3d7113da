/** Times the candidates of calls, or takes what was kept of this machine. */
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

/** The name of what computes a kernel that has no candidates. */
const ONLY = 'only';

/** A call with those that can compute it, the fixed table's first. */
export interface OpenCall extends CountedCall {
  readonly key: string;
  readonly candidates: readonly string[];
}

export function openCalls(device: NativeBackend, calls: readonly CountedCall[]): OpenCall[] {
  const addon = loadAddon();
  return calls.map((counted) => {
    const { number, tensors, words } = counted.call;
    const names = addon.candidates(number, tensors, words, device.threads);
    const candidates = names.length === 0 ? [ONLY] : names;
    return { ...counted, key: callKey(counted.call), candidates };
  });
}

export interface Known {
  readonly measured: MeasuredCalls;
  /** Milliseconds of the fixed table's candidate where the times were too few or varied too much. */
  readonly rough: Readonly<Record<string, number>>;
  /** How many calls were measured now. */
  readonly newly: number;
  readonly warnings: readonly string[];
}

/**
 * What is known of the calls on this machine. What is not is measured where `times` is given: for as
 * long as the fixed table's candidates take in so many steps.
 */
export async function knownTimes(
  device: NativeBackend,
  calls: readonly OpenCall[],
  times: number | undefined,
): Promise<Known> {
  const machine = await describeMachine(device.queue.description, device.threads);
  const kept = await readTimes(machine);
  const known = calls.flatMap(({ key, candidates }) => {
    const entry = kept[key];
    return entry !== undefined && candidates.includes(entry.candidate) ? [[key, entry]] : [];
  });
  const before: MeasuredCalls = Object.fromEntries(known);
  const unknown = calls.filter(({ key }) => before[key] === undefined);
  if (times === undefined || unknown.length === 0) {
    return { measured: before, rough: {}, newly: 0, warnings: [] };
  }
  const { measured, rough, warnings } = await measure(device, unknown, times);
  return {
    measured: { ...before, ...measured },
    rough,
    newly: Object.keys(measured).length,
    warnings: [...warnings, ...(await keep(machine, measured))],
  };
}

async function measure(
  device: NativeBackend,
  calls: readonly OpenCall[],
  times: number,
): Promise<Omit<Known, 'newly'>> {
  const measured: Record<string, Measured> = {};
  const rough: Record<string, number> = {};
  const warnings: string[] = [];
  // What the calls before left of their time, or took of that of the next.
  let seconds = 0;
  for (const { call, count, key, candidates } of calls) {
    const start = performance.now();
    const limit = { seconds, times: times * count };
    const found = device.timeCandidates(call, limit).map(named);
    const fixed = found[0]?.seconds ?? 0;
    seconds += times * count * fixed - (performance.now() - start) / 1000;
    for (const { name } of found.filter(({ agrees }) => !agrees)) {
      warnings.push(
        `The candidate ${name} computes something else than ${found[0]?.name}, and is not used, for ${key}. This is a fault of cnn`,
      );
    }
    // Where time did not suffice for all of them, the next run goes on.
    const fastest = found.length < candidates.length ? undefined : fastestOf(found);
    if (fastest !== undefined) measured[key] = fastest;
    else rough[key] = 1000 * fixed;
    // Signals and decoding come in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  device.queue.trim();
  await device.sync();
  // What was taken for this is none of the training's.
  device.queue.memory(true);
  return { measured, rough, warnings };
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

function named(found: CandidateTime): CandidateTime {
  return found.name === '' ? { ...found, name: ONLY } : found;
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
