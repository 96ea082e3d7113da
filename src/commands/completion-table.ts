/** What can be completed on the command line, from the table of commands and that of options. */
import { ALIASES, architectures } from '../archs/index.js';
import { catalogue } from '../data/catalogue/catalogue.js';
import { type OptionName, optionRow } from '../settings/options.js';
import { COMMON_FLAGS, type Command, type Commands, nameOf, optionsOf } from './command.js';

/** The shells for which there is a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What completes a value: words of a list, the runs in runs/, files, or nothing. */
export interface Values {
  readonly words: readonly string[];
  readonly runs: boolean;
  readonly files: boolean;
}

export interface Flag {
  /** `--batch-size`, `-b`. */
  readonly names: readonly string[];
  readonly help: string;
  /** Undefined for a flag without a value. */
  readonly values: Values | undefined;
}

/** A command as the scripts see it. */
export interface Completion {
  /** `train`, or `data check`. */
  readonly path: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What completes words that are not flags. */
  readonly words: Values;
}

const NOTHING: Values = { words: [], runs: false, files: false };

/** Every command with its flags. */
export function completions(commands: Commands): readonly Completion[] {
  return commands.flatMap((entry) =>
    'members' in entry
      ? entry.members.map((member) => completionOf(member, `${entry.name} ${nameOf(member)}`))
      : [completionOf(entry, nameOf(entry))],
  );
}

function completionOf(command: Command, path: string): Completion {
  const options = optionsOf(command).map(flagOf);
  const common = Object.entries(COMMON_FLAGS)
    .filter(([name]) => name.length > 1)
    .filter(([name]) => name !== 'config' || command.options !== null)
    .map(([name, takes]) => ({
      names: [`--${name}`],
      help: COMMON_HELP[name] ?? '',
      values: takes === 'value' ? { ...NOTHING, files: true } : undefined,
    }));
  return {
    path,
    summary: command.summary,
    flags: [...options, ...common],
    words: wordsOf(command),
  };
}

const COMMON_HELP: Readonly<Record<string, string>> = {
  json: 'print the result as one JSON value',
  verbose: 'show the stack of an error',
  help: 'show the help',
  version: 'show the version',
  config: 'JSON file with settings',
};

function flagOf(name: OptionName): Flag {
  const { aliases = [], kind, help } = optionRow(name);
  const names = [name, ...aliases].map((word) => (word.length === 1 ? `-${word}` : `--${word}`));
  return { names, help, values: kind === 'boolean' ? undefined : valuesOf(name) };
}

/** Options whose value is the name of a file or directory. */
const PATHS: readonly OptionName[] = [
  'weights',
  'weights-out',
  'output',
  'out',
  'trace',
  'subset',
  'classes',
];

function valuesOf(name: OptionName): Values {
  if (name === 'arch') return { ...NOTHING, words: networkNames() };
  if (name === 'data')
    return { ...NOTHING, words: catalogue.map((entry) => entry.name), files: true };
  if (name === 'resume' || name === 'checkpoint') return { ...NOTHING, runs: true, files: true };
  const { choices = [] } = optionRow(name);
  return { ...NOTHING, words: choices.map(String), files: PATHS.includes(name) };
}

function networkNames(): string[] {
  return [...architectures.map(({ name }) => name), ...Object.keys(ALIASES)];
}

/** What the words after a command may be, by its usage. */
function wordsOf(command: Command): Values {
  const parts = (command.words ?? []).map(valuesOf);
  const usage = command.usage;
  if (usage.includes('<shell>')) parts.push({ ...NOTHING, words: SHELLS });
  if (usage.includes('[names..]')) parts.push(valuesOf('arch'));
  if (/images|<data>|\[run\]/.test(usage)) parts.push({ ...NOTHING, files: true });
  if (usage.includes('<data>')) parts.push(valuesOf('data'));
  if (usage.includes('[run]')) parts.push(valuesOf('checkpoint'));
  return {
    words: [...new Set(parts.flatMap(({ words }) => words))],
    runs: parts.some(({ runs }) => runs),
    files: parts.some(({ files }) => files),
  };
}

/** The groups of commands: data, bench. */
export function groupsOf(completions: readonly Completion[]): string[] {
  const groups = completions.flatMap(({ path }) => (path.includes(' ') ? path.split(' ')[0] : []));
  return [...new Set(groups as string[])];
}

export function membersOf(completions: readonly Completion[], group: string): string[] {
  return completions.flatMap(({ path }) => {
    const [first, second] = path.split(' ');
    return first === group && second !== undefined ? second : [];
  });
}

export function firstWords(completions: readonly Completion[]): string[] {
  return [...new Set(completions.map(({ path }) => path.split(' ')[0] as string))];
}
