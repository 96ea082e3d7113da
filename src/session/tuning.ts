import type { Backend } from '../backend/index.js';
import type { CountedCall } from '../backend/tuning/calls.js';
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
