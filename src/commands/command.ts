import { COMMAND_OPTIONS, type CommandName } from '../settings/commands.js';
import type { Given } from '../settings/given.js';
import type { OptionName } from '../settings/options/index.js';

/** What words without a flag may stand for, and how a usage calls them. */
export const PLACES = { arch: 'network', data: 'dataset', checkpoint: 'run' } as const;

export type Place = keyof typeof PLACES;

/** A verb of the command line. Only what `--help` needs is loaded before it runs. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The flags that words may stand for, in any order: `cnn train lenet5 mnist`. */
  readonly places?: readonly Place[];
  /** All other words, in yargs' notation: `<images..>`. */
  readonly operands?: string;
  /** What follows `--`, which the command passes on as it is. */
  readonly passes?: string;
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
  /** Another process says it. */
  readonly silent?: true;
  readonly lines: readonly string[];
  readonly json: T;
  /** Commands that go on from here, for a person at a terminal. */
  readonly next?: readonly string[];
  /** An error to end with after the result was printed. */
  readonly error?: Error;
}

/** All verbs, in the order of `cnn --help`. */
export type Commands = readonly (Command | CommandGroup)[];

interface CommonFlag {
  readonly takesValue: boolean;
  readonly help: string;
}

/** Flags of every command; `config` only where a command has options. */
export const COMMON_FLAGS: Readonly<Record<string, CommonFlag>> = {
  config: {
    takesValue: true,
    help: 'YAML or JSON file with settings, by the names of the flags; flags win',
  },
  json: { takesValue: false, help: 'print the result as one JSON value' },
  verbose: { takesValue: false, help: 'show the stack of an error' },
  help: { takesValue: false, help: 'show this help' },
  version: { takesValue: false, help: 'show the version' },
};

/** `train [network] [dataset]`. */
export function usageOf({ name, places = [], operands }: Command): string {
  const optional = places.map((place) => `[${PLACES[place]}]`);
  return [name, ...optional, ...(operands === undefined ? [] : [operands])].join(' ');
}

export function optionsOf({ options }: Command): readonly OptionName[] {
  return options === null ? [] : COMMAND_OPTIONS[options];
}

/** The flags of every command that this one takes. */
export function commonFlagsOf({ options }: Command): readonly string[] {
  return Object.keys(COMMON_FLAGS).filter((flag) => flag !== 'config' || options !== null);
}
