/** What happened in a run besides its figures: `events` of run.json, which only grows. */
import { type RunDirectory, type RunEvent, readRecord, writeRecord } from './run-directory.js';

export interface EventLog {
  /** Resolves when the event is on the disk. */
  add(event: Omit<RunEvent, 'time'>): Promise<void>;
}

/** Of a training that leaves nothing on the disk. */
export const NO_EVENTS: EventLog = { add: async () => {} };

/** Appends to the record of a run; events that are added at once are written one after the other. */
export function openEventLog(run: RunDirectory): EventLog {
  let written: Promise<void> = Promise.resolve();
  async function append(event: RunEvent): Promise<void> {
    const record = await readRecord(run);
    await writeRecord(run, { ...record, events: [...(record.events ?? []), event] });
  }
  return {
    add(event) {
      const entry = { time: new Date().toISOString(), ...event };
      const done = written.then(() => append(entry));
      written = done.catch(() => {});
      return done;
    },
  };
}
