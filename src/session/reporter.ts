/** What a long task tells the person at the terminal; results are returned, not reported. */
export interface Reporter {
  /** One line that stays. */
  note(line: string): void;
  /** One line that asks for attention. */
  warn(line: string): void;
  /** Work of `total` steps begins, `done` of them already finished. */
  begin(title: string, total: number, done?: number): void;
  /** `done` steps of the work are finished; `figures` replaces the text beside them. */
  advance(done: number, figures?: string): void;
  /** The work is finished. */
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
