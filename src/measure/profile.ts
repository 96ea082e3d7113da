/** The time of the kernels of a training step beside the machine's peaks. */

import type { Peaks } from '../backend/kernels/peaks.js';
import { type KernelCall, PHASES, type Phase } from '../backend/profiler.js';
import { median } from './median.js';

/** The work of some kernel calls in one step; times are medians over the steps. */
export interface Work {
  readonly calls: number;
  readonly milliseconds: number;
  /** Of convolutions and matrix products, in 1e9. */
  readonly gflop: number;
  /** Of all inputs and outputs, each once, in 1e9. */
  readonly gigabytes: number;
  /**
   * The time at the machine's peaks: for each layer and phase the longer of computing and memory.
   */
  readonly floor_milliseconds: number;
}

export interface PhaseWork extends Work {
  readonly phase: Phase;
}
export interface KernelWork extends PhaseWork {
  readonly kernel: string;
}
export interface LayerWork extends KernelWork {
  readonly layer: string;
  /** `1×56×56×64 * 3×3×64×64 → 1×56×56×64`, of the first such call. */
  readonly shapes: string;
}

/** Medians over the steps. */
export interface Sums {
  /** Of gradients, and with --sync-bn of statistics, which each process gives the others. */
  readonly gigabytes: number;
  /** Milliseconds in which the thread that computes waits for sums: what computing does not hide. */
  readonly exposed_milliseconds: number;
}

export interface ProfileReport {
  readonly steps: number;
  readonly peaks: Peaks;
  /** The median over the steps, each from the end of the one before. */
  readonly milliseconds_per_step: number;
  readonly total: Work;
  readonly phases: readonly PhaseWork[];
  readonly kernels: readonly KernelWork[];
  /** Of several processes: what they sum, and how long a step waits for the others. */
  readonly sums?: Sums;
  /** In the order in which they first ran. */
  readonly layers: readonly LayerWork[];
}

/** Adds up the calls of a profile whose steps took `milliseconds` each. */
export function summariseProfile(
  calls: readonly KernelCall[],
  peaks: Peaks,
  milliseconds: readonly number[],
): ProfileReport {
  const steps = milliseconds.length;
  const sum = (group: readonly KernelCall[]) => workOf(group, steps, peaks);
  const phases = grouped(calls, ({ place }) => place.phase)
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([first, group]) => ({ phase: first.place.phase, ...sum(group) }));
  const kernels = grouped(calls, ({ place, kernel }) => `${place.phase} ${kernel}`).map(
    ([{ place, kernel }, group]) => ({ phase: place.phase, kernel, ...sum(group) }),
  );
  const layers = grouped(calls, ({ place, kernel }) =>
    [place.phase, place.layer, kernel].join(' '),
  ).map(([first, group]) => {
    const { phase, layer } = first.place;
    return { phase, layer, kernel: first.kernel, shapes: shapesText(first), ...sum(group) };
  });
  const sums = sumsOf(calls, sum);
  kernels.sort((a, b) => b.milliseconds - a.milliseconds);
  return {
    steps,
    peaks,
    milliseconds_per_step: median(milliseconds),
    total: sum(calls),
    phases,
    kernels,
    layers,
    ...(sums && { sums }),
  };
}

/** Undefined for one process. */
function sumsOf(
  calls: readonly KernelCall[],
  sum: (group: readonly KernelCall[]) => Work,
): Sums | undefined {
  const of = (name: string) => calls.filter(({ kernel }) => kernel === name);
  const waits = of('AllReduceWait');
  if (waits.length === 0) return undefined;
  // Inputs and outputs of a start are of one size.
  const gigabytes = sum(of('AllReduceStart')).gigabytes / 2;
  return { gigabytes, exposed_milliseconds: sum(waits).milliseconds };
}

function rank({ place }: KernelCall): number {
  return PHASES.indexOf(place.phase);
}

/** The calls by a key, each group with its first call. */
function grouped(
  calls: readonly KernelCall[],
  keyOf: (call: KernelCall) => string,
): [KernelCall, KernelCall[]][] {
  const groups = new Map<string, [KernelCall, KernelCall[]]>();
  for (const call of calls) {
    const key = keyOf(call);
    const group = groups.get(key);
    if (group) group[1].push(call);
    else groups.set(key, [call, [call]]);
  }
  return [...groups.values()];
}

function workOf(calls: readonly KernelCall[], steps: number, peaks: Peaks): Work {
  const times = new Map<number, number>();
  let [operations, bytes] = [0, 0];
  for (const call of calls) {
    const { step } = call.place;
    times.set(step, (times.get(step) ?? 0) + call.end - call.start);
    operations += call.operations;
    bytes += call.bytes;
  }
  const floors = grouped(calls, ({ place }) => `${place.phase} ${place.layer}`).map(([, group]) =>
    floorMilliseconds(group, peaks),
  );
  return {
    calls: calls.length / steps,
    milliseconds: median([...times.values()]),
    gflop: operations / steps / 1e9,
    gigabytes: bytes / steps / 1e9,
    floor_milliseconds: floors.reduce((sum, floor) => sum + floor, 0) / steps,
  };
}

function floorMilliseconds(calls: readonly KernelCall[], peaks: Peaks): number {
  const sum = (work: 'operations' | 'bytes') =>
    calls.reduce((total, call) => total + call[work], 0) / 1e6;
  return Math.max(sum('operations') / peaks.gflops, sum('bytes') / peaks.gigabytes_per_second);
}

/** `1×56×56×64 * 3×3×64×64 → 1×56×56×64`. */
export function shapesText({ shapes }: Pick<KernelCall, 'shapes'>): string {
  const texts = shapes.map((shape) => shape.join('×'));
  const result = texts.length > 1 ? texts.pop() : undefined;
  return texts.join(' * ') + (result === undefined ? '' : ` → ${result}`);
}
