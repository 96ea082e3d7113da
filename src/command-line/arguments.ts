/**
 * What a person may write in place of the flags' own spelling, rewritten before yargs reads it:
 * `cnn help train`, `cnn train lenet5 mnist`, `--model resnet18`, `--scale 0.08 1`.
 */

import { COMMON_FLAGS, type Command, type Commands } from '../commands/command.js';
import { commands } from '../commands/index.js';
import { UsageError } from '../errors.js';
import {
  missingCommand,
  missingOperand,
  unexpectedWord,
  unknownCommand,
  unknownEarlyFlag,
  unknownFlag,
} from './mistakes.js';
import { readTokens, type Tokens } from './tokens.js';

/** Flags with which a command only tells about itself. */
const QUESTIONS: Readonly<Record<string, string>> = {
  '--help': '--help',
  '-h': '--help',
  '--version': '--version',
};

/** The arguments as yargs takes them: names of commands, `--flag=value` once each, other words. */
export async function readArguments(given: readonly string[]): Promise<readonly string[]> {
  const { path, entries, command, rest } = findCommand(commands, given, []);
  const asked = command?.passes === undefined ? rest : rest.slice(0, endOf(rest));
  const question = asked.map((arg) => QUESTIONS[arg]).find((flag) => flag !== undefined);
  if (question !== undefined) return [...path, question];
  if (command === undefined) throw missingCommand(entries, path);
  const refuse = (flag: string, name: string) => unknownFlag(flag, name, command, path);
  const tokens = readTokens(asked, command, refuse);
  const { flags, words } = await placeWords(tokens, command, path);
  // yargs takes no operands after a --, so a file whose name begins with a dash is named by a path.
  const operands = words.map((word) => (word.startsWith('-') ? `./${word}` : word));
  return [
    ...path,
    ...[...flags].map(([flag, value]) => `--${flag}=${value}`),
    ...operands,
    ...rest.slice(asked.length),
  ];
}

/** Where the arguments begin that a command passes on. */
function endOf(args: readonly string[]): number {
  const at = args.indexOf('--');
  return at === -1 ? args.length : at;
}

interface Found {
  /** The words that name the command. */
  readonly path: readonly string[];
  /** The commands that could follow the path. */
  readonly entries: Commands;
  readonly command: Command | undefined;
  /** The arguments without the path. */
  readonly rest: readonly string[];
}

function findCommand(entries: Commands, args: readonly string[], path: readonly string[]): Found {
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  const early = (at === -1 ? args : args.slice(0, at)).find((arg) => !isQuestionOrCommon(arg));
  if (early !== undefined) throw unknownEarlyFlag(early, path, at !== -1);
  const word = args[at];
  const rest = args.filter((_, index) => index !== at);
  if (word === undefined) return { path, entries, command: undefined, rest };
  if (word === 'help') return findCommand(entries, [...rest, '--help'], path);
  const entry = entries.find(({ name }) => name === word);
  if (entry === undefined) throw unknownCommand(word, entries, path);
  const inner = [...path, word];
  if ('members' in entry) return findCommand(entry.members, rest, inner);
  return { path: inner, entries, command: entry, rest };
}

/** Whether a flag may stand before the command. */
function isQuestionOrCommon(arg: string): boolean {
  return arg in QUESTIONS || COMMON_FLAGS[arg.replace(/^--/, '')]?.takesValue === false;
}

/** Gives words the flags that they stand for; leaves those that are the command's operands. */
async function placeWords(
  { flags, words }: Tokens,
  command: Command,
  path: readonly string[],
): Promise<Tokens> {
  const { places = [], operands } = command;
  if (words.includes('')) {
    throw new UsageError('An argument is empty: give it a value or leave it out');
  }
  let rest = words;
  let named: ReadonlyMap<string, string> = new Map();
  if (places.length > 0 && words.length > 0) {
    const { sortWords } = await import('./words.js');
    ({ named, rest } = sortWords(words, places, new Set(flags.keys()), operands !== undefined));
  }
  const [first, second] = rest;
  if (operands === undefined && first !== undefined) throw unexpectedWord(first, path);
  if (operands?.startsWith('<') && first === undefined) throw missingOperand(command, path);
  if (!operands?.includes('..') && second !== undefined) throw unexpectedWord(second, path);
  return { flags: new Map([...flags, ...named]), words: rest };
}
