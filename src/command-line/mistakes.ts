/** The errors for arguments that no command takes, with the closest name and the way on. */

import {
  COMMON_FLAGS,
  type Command,
  type Commands,
  commonFlagsOf,
  optionsOf,
  usageOf,
} from '../commands/command.js';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { elsewhere } from '../settings/elsewhere.js';
import { namesOf } from '../settings/options/index.js';

export function missingCommand(entries: Commands, path: readonly string[]): UsageError {
  const names = entries.map(({ name }) => name);
  const list = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  const where = path.length === 0 ? '' : ` after ${commandLine(path)}`;
  return new UsageError(`Name a command${where}: ${list}. ${seeHelp(path)}`);
}

export function unknownCommand(
  word: string,
  entries: Commands,
  path: readonly string[],
): UsageError {
  const names = entries.map(({ name }) => name);
  return new UsageError(`Unknown command "${word}".${didYouMean(word, names)} ${seeHelp(path)}`);
}

/** The error for a flag before the command. */
export function unknownEarlyFlag(
  arg: string,
  path: readonly string[],
  hasCommand: boolean,
): UsageError {
  const flag = arg.replace(/=[\s\S]*$/, '');
  if (hasCommand) {
    return new UsageError(`Expected the command before ${flag}. ${seeHelp(path)}`);
  }
  const meant = didYouMean(flag.replace(/^-+/, ''), Object.keys(COMMON_FLAGS), '--');
  return new UsageError(`Unknown flag ${flag}.${meant} ${seeHelp(path)}`);
}

/** `text` is the flag as it was written, `name` without its dashes. */
export function unknownFlag(
  text: string,
  name: string,
  command: Command,
  path: readonly string[],
): UsageError {
  const options = optionsOf(command);
  const hint = elsewhere(name, options);
  if (hint !== undefined) return new UsageError(`Unknown flag ${text}: ${hint}. ${seeHelp(path)}`);
  const known = [...options.flatMap(namesOf), ...commonFlagsOf(command)];
  return new UsageError(`Unknown flag ${text}.${didYouMean(name, known, '--')} ${seeHelp(path)}`);
}

export function unexpectedWord(word: string, path: readonly string[]): UsageError {
  return new UsageError(`Unexpected argument "${word}". ${seeHelp(path)}`);
}

/** The error for a command without the words that it works on. */
export function missingOperand(command: Command, path: readonly string[]): UsageError {
  const [what] = command.operands?.match(/\w+/) ?? [];
  const line = commandLine([...path.slice(0, -1), usageOf(command)]);
  return new UsageError(`Name the ${what}: ${line}. ${seeHelp(path)}`);
}

function seeHelp(path: readonly string[]): string {
  return `See ${commandLine([...path, '--help'])}`;
}

function commandLine(words: readonly string[]): string {
  return ['cnn', ...words].join(' ');
}
