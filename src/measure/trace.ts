/** A profile in Chrome's trace format, which chrome://tracing and ui.perfetto.dev draw. */
import type { KernelCall } from '../backend/profiler.js';
import { writeOutput } from '../system/files.js';
import { shapesText } from './profile.js';

/** https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU; times in µs. */
export interface TraceEvent {
  readonly name: string;
  /** `X` has a duration, `i` has none, `M` names a track. */
  readonly ph: 'X' | 'i' | 'M';
  readonly cat?: string;
  readonly pid: 1;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly s?: 't';
  readonly args: Readonly<Record<string, unknown>>;
}

const COMPUTE = 1;
const JAVASCRIPT = 2;

/** Writes a trace of all calls. */
export async function writeTrace(file: string, calls: readonly KernelCall[]): Promise<void> {
  await writeOutput(file, JSON.stringify(traceOf(calls)));
}

/**
 * Two tracks: what computed (steps' layers and in them kernels), and when JavaScript called it
 * (steps, in them layers, in them the moments at which kernels were enqueued).
 */
export function traceOf(calls: readonly KernelCall[]): { traceEvents: TraceEvent[] } {
  const origin = calls[0]?.place.time ?? 0;
  const at = (time: number) => 1000 * (time - origin);
  const span = (tid: number, name: string, from: number, to: number, args = {}): TraceEvent => ({
    name,
    ph: 'X',
    pid: 1,
    tid,
    ts: at(from),
    dur: at(to) - at(from),
    args,
  });
  const events = [named('compute thread', COMPUTE), named('JavaScript, enqueuing', JAVASCRIPT)];
  for (const ofStep of runs(calls, ({ place }) => place.step)) {
    const [first, last] = ends(ofStep);
    const name = `step ${first.place.step}`;
    events.push(span(JAVASCRIPT, name, first.place.time, last.enqueued));
    for (const ofPlace of runs(ofStep, ({ place }) => place)) {
      const [begin, end] = ends(ofPlace);
      const { phase, layer, time } = begin.place;
      const label = `${layer || phase}`;
      events.push(span(COMPUTE, label, begin.start, end.end, { phase }));
      events.push(span(JAVASCRIPT, label, time, end.enqueued, { phase }));
      for (const call of ofPlace) {
        const args = argumentsOf(call);
        events.push({ ...span(COMPUTE, call.kernel, call.start, call.end, args), cat: phase });
        const moment = {
          name: call.kernel,
          pid: 1,
          tid: JAVASCRIPT,
          ts: at(call.enqueued),
        } as const;
        events.push({ ...moment, ph: 'i', s: 't', args: {} });
      }
    }
  }
  return { traceEvents: events };
}

function named(name: string, tid: number): TraceEvent {
  return { name: 'thread_name', ph: 'M', pid: 1, tid, ts: 0, args: { name } };
}

function argumentsOf(call: KernelCall): Record<string, unknown> {
  const { place, operations, bytes, start, end } = call;
  const perSecond = (work: number) => Number((work / (end - start) / 1e6).toFixed(1));
  return {
    layer: place.layer,
    direction: place.phase,
    shapes: shapesText(call),
    ...(operations > 0 ? { 'GFLOP/s': perSecond(operations) } : {}),
    'GB/s': perSecond(bytes),
  };
}

/** Runs of neighbours with the same key. */
function runs(
  calls: readonly KernelCall[],
  keyOf: (call: KernelCall) => unknown,
): (readonly KernelCall[])[] {
  const result: KernelCall[][] = [];
  let key: unknown;
  for (const call of calls) {
    if (result.length === 0 || keyOf(call) !== key) result.push([]);
    key = keyOf(call);
    result.at(-1)?.push(call);
  }
  return result;
}

function ends(calls: readonly KernelCall[]): [KernelCall, KernelCall] {
  return [calls[0] as KernelCall, calls.at(-1) as KernelCall];
}
