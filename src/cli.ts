import yargs, { type Argv } from 'yargs';
import { readArguments } from './commands/arguments.js';
import { paint } from './commands/colour.js';
import {
  type Command,
  type CommandGroup,
  nameOf,
  optionsOf,
  type Result,
} from './commands/command.js';
import { commands } from './commands/index.js';
import { explain } from './commands/mistakes.js';
import { wrapLines } from './commands/table.js';
import { CnnError, RunError, UsageError } from './errors.js';
import { givenArguments, printableText } from './file-names.js';
import { packageVersion } from './package-root.js';
import { COMMAND_GROUPS, COMMAND_HELP } from './settings/commands.js';
import { describeKind, describeValue } from './settings/describe.js';
import type { Given } from './settings/given.js';
import { optionRow } from './settings/options.js';
import { watchStandardStreams } from './standard-streams.js';
import {
  describeSystemError,
  isLackOfMemory,
  isSystemError,
  systemReason,
} from './system-errors.js';

/** Widest line of --help; also the width where no terminal says its own. */
const HELP_COLUMNS = 100;
const PLAIN_COLUMNS = 80;

/** Runs the program; the only place that prints an error and sets the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const verbose = args.includes('--verbose');
  const streams = watchStandardStreams();
  const fail = (error: unknown) => {
    process.stderr.write(`${printableText(describeError(error, verbose))}\n`);
    return error instanceof CnnError ? error.exitCode : 1;
  };
  process.on('uncaughtException', (error) => process.exit(fail(error)));
  try {
    await runCommand(args);
    // A pipe takes 64 KiB at once, and the process exits without waiting for the rest.
    await new Promise((resolve) => process.stdout.write('', resolve));
    if (streams.problem === undefined) return 0;
    const reason = systemReason(streams.problem);
    throw new RunError(`Cannot write the result to standard output: ${reason}`);
  } catch (error) {
    return fail(error);
  }
}

async function runCommand(given: readonly string[]): Promise<void> {
  const { args, command } = await readArguments(given);
  await parser(args, command).parseAsync();
}

function parser(args: readonly string[], asked: Command | undefined): Argv {
  const columns = process.stdout.columns ?? PLAIN_COLUMNS;
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
    .help('help', 'show this help')
    .alias('help', 'h')
    .version(packageVersion())
    .describe('version', 'show the version')
    .group(['json', 'verbose', 'help', 'version'], 'Every command:')
    .demandCommand(1)
    .strict()
    .exitProcess(false)
    .wrap(Math.min(HELP_COLUMNS, columns))
    .epilogue('cnn <command> --help shows the options of a command.')
    .fail((message, error) => {
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new UsageError(explain(message ?? error?.message, args, asked));
    });
  for (const entry of commands) {
    if ('members' in entry) addGroup(program, entry);
    else addCommand(program, entry, '');
  }
  return program;
}

function addGroup(program: Argv, { name, summary, members }: CommandGroup): void {
  program.command(name, summary, (argv) => {
    for (const member of members) addCommand(argv, member, `${name} `);
    return argv.usage(`cnn ${name} <command> [options]\n\n${summary}`).demandCommand(1);
  });
}

function addCommand(program: Argv, command: Command, path: string): void {
  const options: readonly string[] = ['json', 'verbose', 'config', ...optionsOf(command)];
  program.command(
    // readArguments has turned words into flags.
    command.words === undefined ? command.usage : nameOf(command),
    command.summary,
    (argv) =>
      addOptions(
        argv.usage(`cnn ${path}${command.usage} [options]\n\n${command.summary}`).epilogue(''),
        command,
      ),
    async (given) => {
      const run = await command.load();
      await printResult(await run(lastValues(given, options), commands), given['json'] === true);
    },
  );
}

function addOptions(argv: Argv, command: Command): Argv {
  if (command.example !== undefined) argv.example(command.example, '');
  const { options } = command;
  if (options === null) return argv;
  for (const name of optionsOf(command)) {
    const { aliases, kind, help } = optionRow(name);
    const meaning = COMMAND_HELP[options]?.[name];
    argv.option(name, {
      ...(aliases === undefined ? {} : { alias: aliases }),
      ...(kind === 'boolean' ? { type: 'boolean' } : { nargs: 1, requiresArg: true }),
      describe: meaning === undefined ? help + describeValue(name) : meaning + describeKind(name),
    });
  }
  argv.option('config', {
    nargs: 1,
    requiresArg: true,
    describe: 'JSON file with settings, by the names of the flags; flags win',
  });
  for (const [title, names] of Object.entries(COMMAND_GROUPS)) {
    const shown = optionsOf(command).filter((name) => names.includes(name));
    if (shown.length > 0) argv.group([...shown], `${title}:`);
  }
  return argv.group(['config', 'json', 'verbose', 'help', 'version'], 'Every command:');
}

/** Of a flag that was given more than once, the last one counts. */
function lastValues(given: Given, flags: readonly string[]): Given {
  const entries = Object.entries(given).map(([name, value]) => {
    return [name, flags.includes(name) && Array.isArray(value) ? value.at(-1) : value];
  });
  return Object.fromEntries(entries);
}

async function printResult({ lines, json, error }: Result, asJson: boolean): Promise<void> {
  const text = asJson
    ? JSON.stringify(json, undefined, 2)
    : printableText(wrapLines(lines).join('\n'));
  // A pipe takes 64 KiB at once, and the process exits without waiting for the rest.
  await new Promise((resolve) => process.stdout.write(`${text}\n`, resolve));
  if (error !== undefined) throw error;
}

function describeError(error: unknown, verbose: boolean): string {
  const label = paint(process.stderr, 'error', 'error:');
  if (!(error instanceof Error)) return `${label} ${String(error)}`;
  if (verbose)
    return `${label} ${error.stack}${error.cause ? `\ncause: ${String(error.cause)}` : ''}`;
  if (isSystemError(error)) return `${label} ${describeSystemError(error)}`;
  if (isLackOfMemory(error)) {
    return `${label} There is not enough memory (${error.message}). Try a smaller --batch-size or --input-size, fewer --workers, or --cache none`;
  }
  const hint = error instanceof CnnError ? '' : '\nThis is a fault of cnn; --verbose shows where';
  return `${label} ${error.message}${hint}`;
}

process.exit(await main(givenArguments()));
