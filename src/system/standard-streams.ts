/**
 * Standard output and standard error that fail: their reader is gone, or the disk below them is
 * full.
 */
import { closeSync, fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { hasCode } from './system-errors.js';

export interface StandardStreams {
  /**
   * Why standard output failed, if it did for another reason than that nobody reads it any more.
   */
  readonly problem: Error | undefined;
}

/**
 * Lets the program go on where a stream fails: it may have a run to save. That standard error fails
 * cannot be said anywhere.
 */
export function watchStandardStreams(): StandardStreams {
  let problem: Error | undefined;
  process.stdout.on('error', (error) => {
    // `cnn archs | head` closes the pipe early.
    if (!hasCode(error, 'EPIPE')) problem ??= error;
  });
  process.stderr.on('error', () => {});
  return {
    get problem() {
      return problem;
    },
  };
}

/**
 * Closes the standard streams whose terminal was closed. Node sets terminals back when the program
 * ends, and aborts where one is gone.
 */
export function closeDeadTerminals(): void {
  for (const stream of [0, 1, 2]) {
    try {
      if (fstatSync(stream).isCharacterDevice() && !isatty(stream)) closeSync(stream);
    } catch {
      // It is closed already.
    }
  }
}
