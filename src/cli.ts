import yargs, { type Argv } from 'yargs';
import { readArguments } from './command-line/arguments.js';
import {
  COMMON_FLAGS,
  type Command,
  type CommandGroup,
  commonFlagsOf,
  optionsOf,
  type Result,
  usageOf,
} from './commands/command.js';
import { commands } from './commands/index.js';
import { launchedBy, rankName } from './distributed/launcher.js';
import { CnnError, RunError } from './errors.js';
import { packageVersion } from './package-root.js';
import { COMMAND_HELP } from './settings/commands.js';
import { describeKind, describeValue } from './settings/describe.js';
import { GROUPS, optionRow } from './settings/options/index.js';
import { givenArguments, printableJson, printableText } from './system/file-names.js';
import { closeDeadTerminals, watchStandardStreams } from './system/standard-streams.js';
import {
  describeSystemError,
  isLackOfMemory,
  isSystemError,
  systemReason,
} from './system/system-errors.js';
import { isInteractive, paint } from './terminal/colour.js';
import { clearBars } from './terminal/shown-bars.js';
import { wrapLines } from './terminal/table.js';

/** Widest line of --help; also the width where no terminal says its own. */
const HELP_COLUMNS = 100;
const PLAIN_COLUMNS = 80;

/** Runs the program; the only place that prints an error and sets the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const verbose = args.includes('--verbose');
  const streams = watchStandardStreams();
  const fail = (error: unknown) => {
    clearBars();
    const text = describeError(error, verbose);
    if (text !== undefined) process.stderr.write(`${printableText(text)}\n`);
    return error instanceof CnnError ? error.exitCode : 1;
  };
  process.on('exit', closeDeadTerminals);
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
  await parser(await readArguments(given)).parseAsync();
}

/** readArguments has found the mistakes: yargs shows the help and calls the command. */
function parser(args: readonly string[]): Argv {
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
      'populate--': true,
    })
    .help('help', COMMON_FLAGS['help']?.help ?? '')
    .alias('help', 'h')
    .version(packageVersion())
    .strict()
    .exitProcess(false)
    .wrap(Math.min(HELP_COLUMNS, columns))
    .example('cnn train lenet5 mnist', '')
    .epilogue('cnn <command> --help shows the options of a command.')
    .fail((message, error) => {
      throw error ?? new Error(message);
    });
  addCommonFlags(program, ['json', 'verbose', 'help', 'version']);
  for (const entry of commands) {
    if ('members' in entry) addGroup(program, entry);
    else addCommand(program, entry, '');
  }
  return program;
}

function addCommonFlags(argv: Argv, names: readonly string[]): Argv {
  for (const name of names) {
    const { takesValue = false, help = '' } = COMMON_FLAGS[name] ?? {};
    if (name === 'help' || name === 'version') argv.describe(name, help);
    else argv.option(name, { type: takesValue ? 'string' : 'boolean', describe: help });
  }
  return argv.group([...names], 'Every command:');
}

function addGroup(program: Argv, { name, summary, members }: CommandGroup): void {
  program.command(name, summary, (argv) => {
    for (const member of members) addCommand(argv, member, `${name} `);
    return argv
      .usage(`cnn ${name} <command> [options]\n\n${summary}`)
      .example(members[0]?.example ?? '', '')
      .epilogue(`cnn ${name} <command> --help shows the options of a command.`);
  });
}

function addCommand(program: Argv, command: Command, path: string): void {
  const usage = usageOf(command);
  const passed = command.passes === undefined ? '' : ` -- ${command.passes}`;
  program.command(
    usage,
    command.summary,
    (argv) =>
      addOptions(
        argv.usage(`cnn ${path}${usage} [options]${passed}\n\n${command.summary}`).epilogue(''),
        command,
      ),
    async (given) => {
      const run = await command.load();
      await printResult(await run(given, commands), given['json'] === true);
    },
  );
}

function addOptions(argv: Argv, command: Command): Argv {
  if (command.example !== undefined) argv.example(command.example, '');
  const { options } = command;
  const names = optionsOf(command);
  for (const name of names) {
    const { aliases = [], kind, help } = optionRow(name);
    const meaning = options === null ? undefined : COMMAND_HELP[options]?.[name];
    argv.option(name, {
      alias: [...aliases],
      ...(kind === 'boolean' ? { type: 'boolean' } : { nargs: 1 }),
      describe: meaning === undefined ? help + describeValue(name) : meaning + describeKind(name),
    });
  }
  for (const [group, title] of Object.entries(GROUPS)) {
    const shown = names.filter((name) => optionRow(name).group === group);
    if (shown.length > 0) argv.group(shown, `${title}:`);
  }
  return addCommonFlags(argv, commonFlagsOf(command));
}

async function printResult(result: Result, asJson: boolean): Promise<void> {
  const { lines, json, next = [], error, silent } = result;
  if (silent) return;
  const text = asJson
    ? printableJson(JSON.stringify(json, finiteNumber, 2))
    : printableText(wrapLines(lines).join('\n'));
  // A pipe takes 64 KiB at once, and the process exits without waiting for the rest.
  await new Promise((resolve) => process.stdout.write(`${text}\n`, resolve));
  if (!asJson && isInteractive(process.stderr)) {
    for (const [index, command] of next.entries()) {
      process.stderr.write(printableText(`${index === 0 ? 'next:' : '     '} ${command}\n`));
    }
  }
  if (error !== undefined) throw error;
}

/** JSON would write null for a number that is not finite. */
function finiteNumber(key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new Error(`Expected "${key}" of the result to be a finite number but it is ${value}`);
}

/** Undefined where another process says it. */
function describeError(error: unknown, verbose: boolean): string | undefined {
  if (error instanceof CnnError && error.message === '') return undefined;
  const launched = launchedBy();
  const who = launched === undefined ? '' : `${rankName(launched)}: `;
  const label = who + paint(process.stderr, 'error', 'error:');
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
