import type { CommandName } from '../settings/commands.js';
import type { Given } from '../settings/given.js';

/** A verb of the command line. Only what `--help` needs is loaded before it runs. */
export interface Command {
  /** `predict <images..>` in yargs' notation. */
  readonly usage: string;
  readonly summary: string;
  /** The command whose options of the table it takes; null takes none. */
  readonly options: CommandName | null;
  readonly example?: string;
  /** Does the work and returns what goes to stdout. */
  readonly load: () => Promise<(given: Given) => Promise<Result>>;
}

/** A verb with verbs of its own below it. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly members: readonly Command[];
}

/** A result, for people and for programs. */
export interface Result<T = unknown> {
  readonly lines: readonly string[];
  readonly json: T;
  /** An error to end with after the result was printed. */
  readonly error?: Error;
}
