import type { Backend } from '../backend/index.js';
import { multipliesBf16 } from '../backend/native.js';
import type { CountedCall } from '../backend/tuning/calls.js';
import { fasterPrecision, type StepTimes, timeStep } from '../backend/tuning/precision.js';
import { type Tuning, tune } from '../backend/tuning/tune.js';
import type { Reporter } from './reporter.js';

/** Measuring takes as long as the kernels in question take in so many steps. */
export const MEASURED_STEPS = 5;

/** Chooses who computes the calls of a training step on backend cpu, and says what came of it. */
export async function tuneKernels(
  { device, name }: Pick<Backend, 'device' | 'name'>,
  calls: readonly CountedCall[],
  options: { readonly times?: number | undefined },
  { note, warn }: Pick<Reporter, 'note' | 'warn'>,
): Promise<Tuning | undefined> {
  if (name !== 'cpu' || device === undefined) return undefined;
  const tuning = await tune(device, calls, options);
  for (const warning of tuning.warnings) warn(warning);
  const line = tuningLine(tuning);
  if (line !== undefined) note(line);
  return tuning;
}

/** A share of those steps for each precision, which are measured one after the other. */
const MEASURED_STEPS_OF_EACH = 2;

/**
 * The precision in which the kernels of a step were measured to be faster, and why; nothing where
 * they were not measured, or the processor does not multiply bfloat16.
 */
export async function measuredPrecision(
  { device }: Pick<Backend, 'device'>,
  callsIn: (precision: 'f32' | 'bf16') => Promise<readonly CountedCall[]>,
  measures: boolean,
): Promise<{ precision: 'f32' | 'bf16'; reason: string } | undefined> {
  if (device === undefined || !multipliesBf16()) return undefined;
  const calls = { f32: await callsIn('f32'), bf16: await callsIn('bf16') };
  const times = await timeStep(device, calls, measures ? MEASURED_STEPS_OF_EACH : undefined);
  return times && decidePrecision(times);
}

export function decidePrecision(times: StepTimes): { precision: 'f32' | 'bf16'; reason: string } {
  const precision = fasterPrecision(times);
  const other = precision === 'f32' ? 'bf16' : 'f32';
  const reason = `measured: ${round(times[precision])} ms a step, ${other} ${round(times[other])}`;
  return { precision, reason };
}

/** Forgets what was chosen for other networks of this process. */
export function leaveToFixedTable({ device, name }: Pick<Backend, 'device' | 'name'>): undefined {
  if (name === 'cpu') device?.setChoices([]);
}

/** Nothing where nothing was measured. */
function tuningLine(tuning: Tuning): string | undefined {
  const { choices, measured, newly, seconds, fixed, chosen } = tuning;
  const all = Object.keys(measured).length;
  if (all === 0) return undefined;
  const now = newly > 0 ? `measured in ${seconds.toFixed(1)} s` : 'measured before';
  const others = Object.keys(choices).length;
  const saved = others > 0 ? `, ${round(chosen)} instead of ${round(fixed)} ms a step` : '';
  return `kernels  ${others} of ${all} not by the fixed table${saved}; ${now}`;
}

function round(milliseconds: number): string {
  return milliseconds < 100 ? milliseconds.toPrecision(2) : milliseconds.toFixed(0);
}
