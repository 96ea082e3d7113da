import { setTimeout as pause } from 'node:timers/promises';
import type { Reporter } from '../../session/reporter.js';
import { Refusal } from './server.js';

/** Seconds between two attempts: they double from the first to the second number. */
const PAUSE_SECONDS = [1, 60] as const;
/** Seconds that the end of a training waits for a server that answers, however slowly. */
const LAST_SECONDS = 60;

/** Sends in the background, in order. */
export interface Outbox {
  /** Returns at once; `send` is tried again until it goes well. */
  add(send: () => Promise<void>): void;
  /** Waits for what is left, but not for a server that is away. */
  close(): Promise<void>;
}

/** `name` is the server in warnings. */
export function openOutbox(name: string, { note, warn }: Pick<Reporter, 'note' | 'warn'>): Outbox {
  const waiting: (() => Promise<void>)[] = [];
  const closing = new AbortController();
  let [working, failing, refused] = [Promise.resolve(), false, false];

  /** Sends the first that waits; says whether the server took it. */
  async function attempt(): Promise<boolean> {
    try {
      await waiting[0]?.();
      waiting.shift();
      if (failing) note(`${name} answers again`);
      failing = false;
      return true;
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof Refusal) {
        warn(`${name} refuses the run: ${message}. Nothing more is sent to it`);
        refused = true;
      } else if (!failing) {
        warn(`${name} does not take the run: ${message}. Training goes on, and it is tried again`);
      }
      failing = true;
      return false;
    }
  }

  async function work(): Promise<void> {
    let [seconds, longest] = PAUSE_SECONDS as readonly [number, number];
    while (waiting.length > 0 && !refused) {
      const isLast = closing.signal.aborted;
      if (await attempt()) seconds = PAUSE_SECONDS[0];
      else if (isLast) return;
      else {
        // `close` ends the pause, after which there is one more attempt.
        await pause(1000 * seconds, undefined, { ref: false, signal: closing.signal }).catch(
          () => {},
        );
        seconds = Math.min(2 * seconds, longest);
      }
    }
  }

  return {
    add(send) {
      if (refused) return;
      waiting.push(send);
      if (waiting.length === 1) working = working.then(work);
    },
    async close() {
      closing.abort();
      const limit = new AbortController();
      const late = pause(1000 * LAST_SECONDS, undefined, { signal: limit.signal }).catch(() => {});
      await Promise.race([working, late]);
      limit.abort();
      if (waiting.length === 0 || refused) return;
      refused = true;
      warn(`${name} did not take all of the run; summary.csv has it, and --resume sends the rest`);
    },
  };
}
