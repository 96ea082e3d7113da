/** What can be completed on the command line, from the table of commands and that of options. */

import { MODULES } from '../../archs/blocks/modules.js';
import { ALIASES, architectures } from '../../archs/index.js';
import { catalogue } from '../../data/catalogue/catalogue.js';
import { dashed } from '../../settings/describe.js';
import { type OptionName, optionRow } from '../../settings/options/index.js';
import { COMMON_FLAGS, type Command, type Commands, commonFlagsOf, optionsOf } from '../command.js';

/** The shells for which there is a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What completes a value; nothing does where all are empty or false. */
export interface Values {
  readonly words: readonly string[];
  /** The runs in runs/, and directories. */
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

/** What completes the name of a thing. */
const NAMED = {
  networks: words([...architectures.map(({ name }) => name), ...Object.keys(ALIASES)]),
  modules: words(MODULES.map(({ name }) => name)),
  datasets: { ...words(catalogue.map(({ name }) => name)), files: true },
  runs: { words: [], runs: true, files: false },
  files: { words: [], runs: false, files: true },
};

const OPERANDS: Readonly<Record<string, Values>> = {
  '<images..>': NAMED.files,
  '[names..]': NAMED.networks,
  '<runs..>': NAMED.runs,
  '<directory>': NAMED.files,
  '<file>': NAMED.files,
  '[directory]': NAMED.files,
  '<shell>': words(SHELLS),
};

/** Every command with its flags. */
export function completions(commands: Commands): readonly Completion[] {
  return commands.flatMap((entry) =>
    'members' in entry
      ? entry.members.map((member) => completionOf(member, `${entry.name} ${member.name}`))
      : [completionOf(entry, entry.name)],
  );
}

function completionOf(command: Command, path: string): Completion {
  const common = commonFlagsOf(command).map((name) => {
    const { takesValue = false, help = '' } = COMMON_FLAGS[name] ?? {};
    const names = name === 'help' ? ['--help', '-h'] : [`--${name}`];
    return { names, help, values: takesValue ? NAMED.files : undefined };
  });
  return {
    path,
    summary: command.summary,
    flags: [...optionsOf(command).map(flagOf), ...common],
    words: wordsOf(command),
  };
}

function flagOf(name: OptionName): Flag {
  const { aliases = [], kind, recipe, choices = [], help, names, ...row } = optionRow(name);
  const spelled = [name, ...aliases].map(dashed);
  if (kind !== 'boolean') {
    const values = names === undefined ? words(choices.map(String)) : NAMED[names];
    return { names: spelled, help, values };
  }
  // Only a recipe, or what the command takes where nothing is given, can have turned it on.
  const known = recipe === undefined && row.default !== null;
  const negated = known ? [] : [`--no-${name}`];
  return { names: [...spelled, ...negated], help, values: undefined };
}

/** What the words after a command may be. */
function wordsOf({ places = [], operands = '' }: Command): Values {
  const parts = places.map((place) => NAMED[optionRow(place).names ?? 'files']);
  const all = [...parts, OPERANDS[operands] ?? words([])];
  return {
    words: all.flatMap((part) => part.words),
    runs: all.some(({ runs }) => runs),
    files: all.some(({ files }) => files),
  };
}

function words(list: readonly string[]): Values {
  return { words: list, runs: false, files: false };
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
