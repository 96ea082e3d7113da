import yargs, { type Argv } from 'yargs';
import type { Command, CommandGroup, Result } from './commands/command.js';
import { commands } from './commands/index.js';
import { didYouMean } from './did-you-mean.js';
import { CnnError, RunError, UsageError } from './errors.js';
import { COMMAND_HELP, COMMAND_OPTIONS } from './settings/commands.js';
import { describeExpected } from './settings/describe.js';
import type { Given } from './settings/given.js';
import { OPTIONS, type OptionName, optionRow } from './settings/options.js';
import { watchStandardStreams } from './standard-streams.js';
import {
  describeSystemError,
  isLackOfMemory,
  isSystemError,
  systemReason,
} from './system-errors.js';

const COMMON_FLAGS = ['json', 'verbose', 'help', 'version', 'config'];

/** Runs the program; the only place that prints an error and sets the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const verbose = args.includes('--verbose');
  const streams = watchStandardStreams();
  const fail = (error: unknown) => {
    process.stderr.write(`${describeError(error, verbose)}\n`);
    return error instanceof CnnError ? error.exitCode : 1;
  };
  process.on('uncaughtException', (error) => process.exit(fail(error)));
  try {
    await parser(joinNumbers(args)).parseAsync();
    // A pipe takes 64 KiB at once, and the process exits without waiting for the rest.
    await new Promise((resolve) => process.stdout.write('', resolve));
    if (streams.problem === undefined) return 0;
    const reason = systemReason(streams.problem);
    throw new RunError(`Cannot write the result to standard output: ${reason}`);
  } catch (error) {
    return fail(error);
  }
}

/** `--scale 0.08 1` becomes `--scale 0.08,1`: timm and torchvision take several numbers like that. */
function joinNumbers(args: readonly string[]): string[] {
  const lists = Object.keys(OPTIONS).filter((name) => {
    return ['colour', 'range'].includes(optionRow(name as OptionName).kind);
  });
  const joined: string[] = [];
  let inList = false;
  for (const arg of args) {
    const number = /^-?[\d.][\d.,e+-]*$/i.test(arg);
    const before = joined.at(-1) ?? '';
    if (inList && number && !before.startsWith('--')) joined.push(`${joined.pop()},${arg}`);
    else joined.push(arg);
    inList = lists.includes(arg.replace(/^--/, '')) || (inList && number);
  }
  return joined;
}

function parser(args: readonly string[]): Argv {
  const program = yargs([...args])
    .scriptName('cnn')
    .locale('en')
    .usage('cnn <command> [options]\n\nTrain and evaluate the classic convolutional networks.')
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'camel-case-expansion': false,
      'greedy-arrays': false,
      'dot-notation': false,
    })
    .option('json', { type: 'boolean', describe: 'print the result as one JSON value' })
    .option('verbose', { type: 'boolean', describe: 'show the stack of an error' })
    .demandCommand(1, 'Name a command: see cnn --help')
    .strict()
    .exitProcess(false)
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .epilogue('cnn <command> --help shows the options of a command.')
    .fail((message, error) => {
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new UsageError(explain(message ?? error?.message, args));
    });
  for (const entry of commands) {
    if ('members' in entry) addGroup(program, entry);
    else addCommand(program, entry);
  }
  return program;
}

function addGroup(program: Argv, { name, summary, members }: CommandGroup): void {
  program.command(name, summary, (argv) => {
    for (const member of members) addCommand(argv, member);
    return argv.demandCommand(1, `Say what to ${name}: see cnn ${name} --help`);
  });
}

function addCommand(program: Argv, command: Command): void {
  const options: readonly string[] = [...COMMON_FLAGS, ...namesOf(command)];
  program.command(
    command.usage,
    command.summary,
    (argv) => addOptions(argv, command),
    async (given) => {
      const run = await command.load();
      await printResult(await run(lastValues(given, options)), given['json'] === true);
    },
  );
}

function addOptions(argv: Argv, command: Command): Argv {
  if (command.example !== undefined) argv.example(command.example, '');
  if (command.options === null) return argv;
  for (const name of namesOf(command)) {
    const { aliases, kind, help } = optionRow(name);
    const meaning = COMMAND_HELP[command.options]?.[name];
    argv.option(name, {
      ...(aliases === undefined ? {} : { alias: aliases }),
      ...(kind === 'boolean' ? { type: 'boolean' } : { nargs: 1, requiresArg: true }),
      describe: meaning === undefined ? help + describeValue(name) : meaning + describeKind(name),
    });
  }
  return argv.option('config', {
    nargs: 1,
    requiresArg: true,
    describe: 'JSON file with settings, by the names of the flags; flags win',
  });
}

function namesOf({ options }: Command): readonly OptionName[] {
  return options === null ? [] : COMMAND_OPTIONS[options];
}

/** Of a flag that was given more than once, the last one counts. */
function lastValues(given: Given, flags: readonly string[]): Given {
  const entries = Object.entries(given).map(([name, value]) => {
    return [name, flags.includes(name) && Array.isArray(value) ? value.at(-1) : value];
  });
  return Object.fromEntries(entries);
}

/** What a value has to be, as `--help` shows it. */
function describeKind(name: OptionName): string {
  const { kind } = optionRow(name);
  return kind === 'text' || kind === 'boolean' ? '' : ` (${describeExpected(name)})`;
}

/** The same with the unit and the default. */
function describeValue(name: OptionName): string {
  const row = optionRow(name);
  const parts = row.kind === 'text' || row.kind === 'boolean' ? [] : [describeExpected(name)];
  if (row.unit !== undefined) parts.push(`in ${row.unit}`);
  if (row.recipe !== undefined) parts.push('default: recipe');
  else if (row.default !== null) parts.push(`default: ${row.default}`);
  else if (row.auto !== undefined) parts.push(`default: ${row.auto}`);
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

async function printResult({ lines, json, error }: Result, asJson: boolean): Promise<void> {
  const text = asJson ? JSON.stringify(json, undefined, 2) : lines.join('\n');
  // A pipe takes 64 KiB at once, and the process exits without waiting for the rest.
  await new Promise((resolve) => process.stdout.write(`${text}\n`, resolve));
  if (error !== undefined) throw error;
}

/** Puts yargs' complaint into our words, with the closest name. */
function explain(message: string, args: readonly string[]): string {
  const valueless = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (valueless !== undefined) return `Expected a value after ${dashed(valueless)}`;
  if (/^Not enough non-option arguments/.test(message)) {
    return `Expected "cnn ${usageOf(args)}" but something is missing: see cnn ${args[0] ?? ''} --help`;
  }
  const unknown = /^Unknown (argument|command)s?: (.*)$/.exec(message);
  if (unknown === null) return message;
  const [word = ''] = (unknown[2] ?? '').split(', ');
  const flag = args.find((arg) => arg.startsWith('-') && arg.replace(/^-+|=.*$/g, '') === word);
  if (flag !== undefined) {
    const shown = flag.replace(/=.*$/, '');
    return `Unknown flag ${shown}.${didYouMean(word, flagNames(), '--')}`;
  }
  const expected = expectedWords(args, word);
  const kind = expected.length > 0 ? 'command' : 'argument';
  return `Unknown ${kind} "${word}".${didYouMean(word, expected)} See cnn --help`;
}

/** What is to stand after `cnn` for the command that was given. */
function usageOf([first = '', second = '']: readonly string[]): string {
  for (const entry of commands) {
    if (!('members' in entry)) {
      if (firstWord(entry.usage) === first) return entry.usage;
      continue;
    }
    const member = entry.members.find(({ usage }) => firstWord(usage) === second);
    if (entry.name === first) return `${first} ${member?.usage ?? '<command>'}`;
  }
  return '<command>';
}

/** The commands that could stand where an unknown word stands. */
function expectedWords([first, second]: readonly string[], word: string): string[] {
  const names = commands.map((entry) => ('members' in entry ? entry.name : firstWord(entry.usage)));
  if (first === word) return names;
  const group = commands.find((entry) => 'members' in entry && entry.name === first);
  if (second !== word || group === undefined || !('members' in group)) return [];
  return group.members.map(({ usage }) => firstWord(usage));
}

/** `b` → `-b`, `batch-size` → `--batch-size`. */
function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function firstWord(text: string): string {
  return text.split(' ')[0] ?? '';
}

function flagNames(): string[] {
  const names = Object.values(COMMAND_OPTIONS).flat();
  return [
    ...new Set([
      ...names,
      ...names.flatMap((name) => optionRow(name).aliases ?? []),
      ...COMMON_FLAGS,
    ]),
  ];
}

function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  if (verbose)
    return `error: ${error.stack}${error.cause ? `\ncause: ${String(error.cause)}` : ''}`;
  if (isSystemError(error)) return `error: ${describeSystemError(error)}`;
  if (isLackOfMemory(error)) {
    return `error: There is not enough memory (${error.message}). Try a smaller --batch-size or --input-size, fewer --workers, or --cache none`;
  }
  const hint = error instanceof CnnError ? '' : '\nThis is a fault of cnn; --verbose shows where';
  return `error: ${error.message}${hint}`;
}

process.exit(await main(process.argv.slice(2)));
