import type { Reporter } from './reporter.js';

/** Tells all of them. */
export function joinReporters(...reporters: readonly Reporter[]): Reporter {
  return {
    note: (line) => each((one) => one.note(line)),
    warn: (line) => each((one) => one.warn(line)),
    begin: (title, total, done) => each((one) => one.begin(title, total, done)),
    advance: (done, pace) => each((one) => one.advance(done, pace)),
    figures: (figures, glimpse) => each((one) => one.figures(figures, glimpse)),
    epoch: (summary) => each((one) => one.epoch(summary)),
    end: () => each((one) => one.end()),
  };

  function each(tell: (reporter: Reporter) => void): void {
    for (const reporter of reporters) tell(reporter);
  }
}
