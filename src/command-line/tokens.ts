/** Splits the arguments of a command into flags with their values and words. */

import { COMMON_FLAGS, type Command, commonFlagsOf, optionsOf } from '../commands/command.js';
import { UsageError } from '../errors.js';
import { describeExpected } from '../settings/describe.js';
import { findOption, type OptionName, optionRow } from '../settings/options/index.js';

export interface Tokens {
  /** The last value of each flag, by the flag's own name. */
  readonly flags: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** What an argument such as `--batch-size=8` or `-b8` says. */
interface Spelled {
  /** As it was written, without its value. */
  readonly text: string;
  readonly name: string;
  /** The value in the same argument. */
  readonly value: string | undefined;
}

/** A flag of the command. */
interface Flag {
  readonly name: string;
  /** How many values it takes at most; 0 for true or false. */
  readonly values: number;
  readonly option: OptionName | undefined;
  /** `--no-nesterov`. */
  readonly negated: boolean;
}

/** `refuse` makes the error for a flag that the command has not. */
export function readTokens(
  args: readonly string[],
  command: Command,
  refuse: (text: string, name: string) => UsageError,
): Tokens {
  const flags = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--') {
      words.push(...args.slice(at + 1));
      break;
    }
    const spelled = readFlag(arg);
    if (spelled === undefined) {
      words.push(arg);
      continue;
    }
    const flag = findFlag(command, spelled);
    if (flag === undefined) throw refuse(spelled.text, spelled.name);
    const following = spelled.value === undefined ? valuesAfter(args, at, flag) : [];
    flags.set(flag.name, readValue(flag, spelled, following));
    at += following.length;
  }
  return { flags, words };
}

function readFlag(arg: string): Spelled | undefined {
  // -b8, as getopt takes it; -lr0.1 is no flag of one letter.
  const [, letter, number] = /^-([a-z])([\d.]+)$/i.exec(arg) ?? [];
  if (letter !== undefined) return { text: `-${letter}`, name: letter, value: number };
  const [, text, name, value] = /^(--?([a-z][^=]*))(?:=([\s\S]*))?$/i.exec(arg) ?? [];
  return text === undefined || name === undefined ? undefined : { text, name, value };
}

function findFlag(command: Command, { text, name }: Spelled): Flag | undefined {
  if (text.startsWith('--') === (name.length === 1)) return undefined;
  const positive = flagNamed(command, name);
  if (positive !== undefined) return positive;
  const negative = name.startsWith('no-') ? flagNamed(command, name.slice(3)) : undefined;
  return negative?.values === 0 ? { ...negative, negated: true } : undefined;
}

function flagNamed(command: Command, name: string): Flag | undefined {
  const option = findOption(optionsOf(command), name);
  if (option !== undefined) {
    const { kind, many } = optionRow(option);
    // timm and torchvision take several numbers after one flag.
    const one = { boolean: 0, colour: 3, range: 2 }[kind as string] ?? 1;
    const values = many ? Number.POSITIVE_INFINITY : one;
    return { name: option, values, option, negated: false };
  }
  if (!commonFlagsOf(command).includes(name)) return undefined;
  const values = COMMON_FLAGS[name]?.takesValue ? 1 : 0;
  return { name, values, option: undefined, negated: false };
}

/** The arguments after a flag that are its values. */
function valuesAfter(args: readonly string[], at: number, flag: Flag): readonly string[] {
  const next = args[at + 1];
  if (next === undefined || flag.negated) return [];
  if (flag.values === 0) return next === 'true' || next === 'false' ? [next] : [];
  const numbers = args.slice(at + 1, at + 1 + flag.values);
  const end = numbers.findIndex((arg) => !isOneOfMany(flag, arg));
  if (flag.values > 1 && end !== 0) return end === -1 ? numbers : numbers.slice(0, end);
  return next === '--' || readFlag(next) !== undefined ? [] : [next];
}

/** Whether an argument is one of several values: a number, a choice, or one of texts. */
function isOneOfMany({ option }: Flag, arg: string): boolean {
  const { kind, many, choices = [] } = option === undefined ? {} : optionRow(option);
  if (many && kind === 'text') return arg !== '--' && readFlag(arg) === undefined;
  if (many && kind === 'choice') return arg.split(',').every((part) => choices.includes(part));
  return isNumber(arg);
}

function isNumber(arg: string): boolean {
  return /^-?[\d.][\d.,e+-]*$/i.test(arg);
}

function readValue(flag: Flag, { text, value }: Spelled, following: readonly string[]): string {
  const given = value ?? (following.length > 0 ? following.join(',') : undefined);
  if (flag.negated) {
    if (given === undefined) return 'false';
    throw new UsageError(`Expected ${text} without a value but received "${given}"`);
  }
  if (flag.values > 0) {
    if (given !== undefined) return given;
    const row = flag.option === undefined ? undefined : optionRow(flag.option);
    const expected =
      row === undefined || (row.kind === 'text' && !row.many)
        ? 'a value'
        : describeExpected(flag.option as OptionName);
    throw new UsageError(`Expected ${expected} after ${text}`);
  }
  if (given === undefined || given === 'true' || given === 'false') return given ?? 'true';
  throw new UsageError(`Expected ${text} to be true or false but received "${given}"`);
}
