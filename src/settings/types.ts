import type { COMMAND_OPTIONS, CommandName } from './commands.js';
import type { OPTIONS } from './options/index.js';

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

type Base<R> = R extends { choices: readonly (infer Choice)[] }
  ? Choice
  : R extends { kind: 'text' }
    ? string
    : R extends { kind: 'boolean' }
      ? boolean
      : R extends { kind: 'colour' }
        ? readonly number[]
        : R extends { kind: 'range' }
          ? readonly [number, number]
          : number;

type Values<R> = R extends { many: true } ? readonly Base<R>[] : Base<R>;

type Setting<R> = R extends { default: null } ? Values<R> | null : Values<R>;

/** The validated settings of a command, under their camel-case names. */
export type Settings<C extends CommandName> = {
  readonly [N in (typeof COMMAND_OPTIONS)[C][number] as Camel<N>]: Setting<(typeof OPTIONS)[N]>;
};

/**
 * Where the value of a setting can come from, weakest first; `run` is another run, whose settings
 * this one repeats.
 */
export const ORIGINS = [
  'default',
  'recipe',
  'dataset',
  'run',
  'config',
  'environment',
  'flag',
] as const;

export type Origin = (typeof ORIGINS)[number];
