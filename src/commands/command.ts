import { COMMAND_OPTIONS, type CommandName } from '../settings/commands.js';
import type { Given } from '../settings/given.js';
import type { OptionName } from '../settings/options.js';

/** A flag that a word may stand for. */
export type WordPlace = 'arch' | 'data' | 'checkpoint';

/** A verb of the command line. Only what `--help` needs is loaded before it runs. */
export interface Command {
  /** `predict <images..>` in yargs' notation. */
  readonly usage: string;
  readonly summary: string;
  /** The flags that words without a flag may stand for: `cnn train lenet5 mnist`. */
  readonly words?: readonly WordPlace[];
  /** The command whose options of the table it takes; null takes none. */
  readonly options: CommandName | null;
  readonly example?: string;
  /** Does the work and returns what goes to stdout. */
  readonly load: () => Promise<(given: Given, commands: Commands) => Promise<Result>>;
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

/** All verbs, in the order of `cnn --help`. */
export type Commands = readonly (Command | CommandGroup)[];

/** Flags of every command, by what they take. */
export const COMMON_FLAGS = {
  json: 'nothing',
  verbose: 'nothing',
  help: 'nothing',
  h: 'nothing',
  version: 'nothing',
  config: 'value',
} as const;

/** The first word of a usage, which is the name of its command. */
export function nameOf({ usage }: Command): string {
  return usage.split(' ')[0] ?? '';
}

export function optionsOf({ options }: Command): readonly OptionName[] {
  return options === null ? [] : COMMAND_OPTIONS[options];
}
