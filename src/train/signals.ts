/** The signal that asked the program to stop, if one came. */
export interface StopRequest {
  readonly signal: StopSignal | undefined;
  /** Is aborted when the first one comes. */
  readonly asked: AbortSignal;
  /** Restores Node's own handling of signals. */
  release(): void;
}

/** Schedulers send these before they take a machine away: they are to start the run again. */
const START_ME_AGAIN = 75;

/** The exit code of each signal: 128 and its number, or what asks for another start. */
export const SIGNAL_EXIT_CODES = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
  SIGUSR1: START_ME_AGAIN,
  SIGUSR2: START_ME_AGAIN,
  SIGXCPU: START_ME_AGAIN,
} as const;
export type StopSignal = keyof typeof SIGNAL_EXIT_CODES;

/**
 * Signals of a person who does not want to wait: the second of a kind ends the program at once. A
 * closed terminal sends SIGHUP twice, and a scheduler sends another kind while the run is saved.
 */
export const IMPATIENT: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** Listens for signals that ask to stop: the first is noted, so that the run can be saved. */
export function listenForStop(onFirst: (signal: StopSignal) => void): StopRequest {
  const names = (Object.keys(SIGNAL_EXIT_CODES) as StopSignal[]).filter(isHeeded);
  const came = new Set<StopSignal>();
  const controller = new AbortController();
  const listen = (signal: NodeJS.Signals) => {
    const stop = signal as StopSignal;
    const [first] = came;
    if (came.has(stop) && IMPATIENT.includes(stop)) {
      // The process ends by the signal itself: process.exit would first terminate decoding threads
      // in the middle of an image.
      for (const name of names) process.off(name, listen);
      process.kill(process.pid, signal);
      return;
    }
    came.add(stop);
    if (first !== undefined) return;
    controller.abort();
    onFirst(stop);
  };
  for (const name of names) process.on(name, listen);
  return {
    asked: controller.signal,
    get signal() {
      const [first] = came;
      return first;
    },
    release() {
      for (const name of names) process.off(name, listen);
    },
  };
}

/** bin/signals.js listens for SIGHUP where it is to be ignored. */
function isHeeded(name: StopSignal): boolean {
  return name !== 'SIGHUP' || process.listenerCount(name) === 0;
}
