/** The signal that asked the program to stop, if one came. */
export interface StopRequest {
  readonly signal: StopSignal | undefined;
  /** Restores Node's own handling of signals. */
  release(): void;
}

/** The exit code of each signal: 128 and its number. */
export const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof SIGNAL_EXIT_CODES;

/**
 * Listens for Ctrl-C and SIGTERM: the first is noted, so that the run can be saved; the second ends
 * the program.
 */
export function listenForStop(onFirst: (signal: StopSignal) => void): StopRequest {
  let noted: StopSignal | undefined;
  const listen = (signal: NodeJS.Signals) => {
    const stop = signal as StopSignal;
    if (noted !== undefined) {
      // The process ends by the signal itself: process.exit would first terminate decoding threads
      // in the middle of an image.
      for (const name of names) process.off(name, listen);
      process.kill(process.pid, signal);
      return;
    }
    noted = stop;
    onFirst(stop);
  };
  const names = Object.keys(SIGNAL_EXIT_CODES) as StopSignal[];
  for (const name of names) process.on(name, listen);
  return {
    get signal() {
      return noted;
    },
    release() {
      for (const name of names) process.off(name, listen);
    },
  };
}
