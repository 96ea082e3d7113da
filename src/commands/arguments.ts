/**
 * What a person may write in place of the flags' own spelling, rewritten before yargs reads it:
 * `cnn help train`, `cnn train lenet5 mnist`, `--model resnet18`, `--scale 0.08 1`, `--gpu 0`.
 */
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { findOption, type OptionName, optionRow } from '../settings/options.js';
import { COMMON_FLAGS, type Command, type CommandGroup, nameOf, optionsOf } from './command.js';
import { commands } from './index.js';

/**
 * The arguments as yargs takes them, and the command that they name; none for the program's help.
 */
export async function readArguments(
  given: readonly string[],
): Promise<{ args: readonly string[]; command: Command | undefined }> {
  const args = given[0] === 'help' ? [...given.slice(1), '--help'] : [...given];
  const found = findCommand(args);
  if (found === undefined) return { args, command: undefined };
  const { command, rest } = found;
  const words = args.slice(0, args.length - rest.length);
  const tokens = [...tokensOf(rest, optionsOf(command))].flatMap(replaceGpu(command));
  const named = await nameWords(command, tokens);
  return { args: [...words, ...named.flatMap(({ text }) => text)], command };
}

/** The command that the first words name, and what follows them. */
function findCommand(
  args: readonly string[],
): { command: Command; rest: readonly string[] } | undefined {
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  const word = args[at];
  if (word === undefined) {
    if (asksForHelp(args)) return undefined;
    throw new UsageError(`Name a command: ${list(commands.map(labelOf))}. See cnn --help`);
  }
  const entry = commands.find((candidate) => labelOf(candidate) === word);
  if (entry === undefined) throw unknownCommand(word, commands.map(labelOf), 'cnn --help');
  if (!('members' in entry)) return { command: entry, rest: args.slice(at + 1) };
  return findMember(entry, args, at + 1);
}

function findMember({ name, members }: CommandGroup, args: readonly string[], from: number) {
  const at = args.findIndex((arg, index) => index >= from && !arg.startsWith('-'));
  const word = args[at];
  const help = `cnn ${name} --help`;
  if (word === undefined) {
    if (asksForHelp(args)) return undefined;
    throw new UsageError(
      `Name a command after cnn ${name}: ${list(members.map(nameOf))}. See ${help}`,
    );
  }
  const command = members.find((member) => nameOf(member) === word);
  if (command === undefined) throw unknownCommand(word, members.map(nameOf), help);
  return { command, rest: args.slice(at + 1) };
}

function labelOf(entry: Command | CommandGroup): string {
  return 'members' in entry ? entry.name : nameOf(entry);
}

function asksForHelp(args: readonly string[]): boolean {
  return args.some((arg) => ['--help', '-h', '--version'].includes(arg));
}

function list(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

function unknownCommand(word: string, known: readonly string[], help: string): UsageError {
  return new UsageError(`Unknown command "${word}".${didYouMean(word, known)} See ${help}`);
}

/** A flag with its value, or a word of its own. */
interface Token {
  readonly option: OptionName | undefined;
  readonly text: readonly string[];
  readonly isWord: boolean;
}

/** Splits arguments into flags with their values and words; names flags by their own names. */
function* tokensOf(args: readonly string[], options: readonly OptionName[]): Generator<Token> {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--' || !/^-{1,2}[a-z]/i.test(arg)) {
      yield { option: undefined, text: [arg], isWord: arg !== '--' };
      continue;
    }
    const [dashes = '', name = '', value] =
      /^(--?)([^=]+)(?:=([\s\S]*))?$/.exec(arg)?.slice(1) ?? [];
    const option = dashes === '--' || name.length === 1 ? findOption(options, name) : undefined;
    const flag = option === undefined ? `${dashes}${name}` : `--${option}`;
    if (value !== undefined) {
      yield { option, text: [`${flag}=${value}`], isWord: false };
      continue;
    }
    const count = valuesAfter(args, at, name, option);
    const values = args.slice(at + 1, at + 1 + count);
    yield { option, text: count === 0 ? [flag] : [flag, values.join(',')], isWord: false };
    at += count;
  }
}

/** How many of the arguments after a flag are its values. */
function valuesAfter(
  args: readonly string[],
  at: number,
  name: string,
  option: OptionName | undefined,
): number {
  const next = args[at + 1];
  if (next === undefined) return 0;
  if (option === undefined) {
    const takes =
      name in COMMON_FLAGS ? COMMON_FLAGS[name as keyof typeof COMMON_FLAGS] : 'nothing';
    return takes === 'value' || (name === 'gpu' && !next.startsWith('-')) ? 1 : 0;
  }
  const { kind } = optionRow(option);
  if (kind === 'boolean') return 0;
  // timm and torchvision take several numbers after one flag.
  const most = kind === 'colour' ? 3 : kind === 'range' ? 2 : 1;
  let count = 0;
  while (count < most && isNumber(args[at + 1 + count])) count++;
  return most > 1 && count > 0 ? count : /^--?[a-z]/i.test(next) ? 0 : 1;
}

function isNumber(arg: string | undefined): boolean {
  return arg !== undefined && /^-?[\d.][\d.,e+-]*$/i.test(arg);
}

/** `--gpu 0` asks for TensorFlow on that GPU, as in torchvision's and PyTorch's scripts. */
function replaceGpu(command: Command) {
  return (token: Token): readonly Token[] => {
    const [flag = '', value] = token.text.flatMap((text) => text.split(/(?<=^--gpu)=/));
    if (flag !== '--gpu' || !optionsOf(command).includes('backend')) return [token];
    if (value !== undefined && !/^\d+$/.test(value)) {
      throw new UsageError(`Expected --gpu to be the number of a GPU but received "${value}"`);
    }
    if (value !== undefined) process.env['CUDA_VISIBLE_DEVICES'] = value;
    return [{ option: 'backend', text: ['--backend', 'tensorflow'], isWord: false }];
  };
}

/**
 * Gives words the flags that they stand for in this command: its network, dataset or checkpoint.
 */
async function nameWords(command: Command, tokens: readonly Token[]): Promise<readonly Token[]> {
  const { words: places } = command;
  if (places === undefined || !tokens.some(({ isWord }) => isWord)) return tokens;
  const { placeOf } = await import('./words.js');
  const named: Token[] = [];
  for (const token of tokens) {
    if (!token.isWord) {
      named.push(token);
      continue;
    }
    const [word = ''] = token.text;
    const taken = [...named, ...tokens].flatMap(({ option }) => option ?? []);
    const option = placeOf(word, places, taken);
    named.push({ option, text: [`--${option}`, word], isWord: false });
  }
  return named;
}
