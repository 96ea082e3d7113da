/** What a long task tells the person at the terminal; results are returned, not reported. */
export interface Reporter {
  /** One line that stays. */
  note(line: string): void;
  /** One line that asks for attention. */
  warn(line: string): void;
  /** A stretch of work begins: `total` steps, of which `done` lie behind it. */
  begin(title: string, total: number, done?: number): void;
  /** `done` steps of the stretch are behind it. `figures` are new when they are given. */
  advance(done: number, figures?: string): void;
  /** The stretch is over. */
  end(): void;
}

/** Says nothing. */
export const SILENT: Reporter = {
  note: () => {},
  warn: () => {},
  begin: () => {},
  advance: () => {},
  end: () => {},
};
