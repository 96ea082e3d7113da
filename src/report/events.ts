/** What happened in a run besides its figures, for the page's table and its curves. */
import { describeSetting } from '../settings/describe-origin.js';
import type { ReportedRun } from './runs.js';

export interface ReportedEvent {
  readonly time: string;
  /** Undefined where only the step is known. */
  readonly epoch: number | undefined;
  readonly step: number;
  readonly kind: string;
  readonly text: string;
}

/** What the sentinel noticed, and when the run was resumed. */
export function eventsOf({ record }: Pick<ReportedRun, 'record'>): ReportedEvent[] {
  return [
    ...(record.events ?? []).map(({ time, epoch, step, kind, text }) => {
      return { time, epoch, step, kind, text };
    }),
    ...record.resumed.map(({ time, step, changed }) => {
      const names = Object.entries(changed ?? {}).map(([key, value]) => {
        return `${key} ${describeSetting(value?.value ?? null)}`;
      });
      const text = names.length === 0 ? 'Resumed' : `Resumed with ${names.join(', ')}`;
      return { time, epoch: undefined, step, kind: 'resumed', text };
    }),
  ];
}

/**
 * Where on the axis of epochs a step is: the end of an epoch is at its number. Undefined where the
 * rows do not say.
 */
export function epochOfStep(
  { step, epoch }: Pick<ReportedEvent, 'step' | 'epoch'>,
  rows: ReportedRun['rows'],
): number | undefined {
  let before = { epoch: 0, steps: 0 };
  for (const { epoch: at, step: own, steps = own } of rows) {
    if (at === undefined || steps === undefined) continue;
    if (step <= steps && steps > before.steps) {
      const part = Math.max(0, step - before.steps) / (steps - before.steps);
      return before.epoch + part * (at - before.epoch);
    }
    before = { epoch: at, steps };
  }
  return epoch ?? (step === before.steps && before.epoch > 0 ? before.epoch : undefined);
}
