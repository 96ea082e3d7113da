/** yargs' complaints in our words, with the closest name and the way on. */
import { didYouMean } from '../did-you-mean.js';
import { optionRow } from '../settings/options.js';
import { COMMON_FLAGS, type Command, nameOf, optionsOf } from './command.js';

/** Flags of torchvision, timm and PyTorch's examples that have no counterpart of one name here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  amp: 'give --precision bf16',
  'clip-grad': 'gradients are not clipped here',
  'clip-grad-norm': 'gradients are not clipped here',
  device: 'give --backend',
  e: 'cnn eval evaluates',
  evaluate: 'cnn eval evaluates',
  'lr-warmup-epochs': 'give --lr-warmup-steps',
  'model-ema': 'weights are not averaged here',
  opt: 'SGD with momentum is the only optimizer here',
  optimizer: 'SGD with momentum is the only optimizer here',
  pretrained: 'give --weights FILE',
  'test-only': 'cnn eval evaluates',
  'train-batch-size': 'give --batch-size',
  'warmup-epochs': 'give --lr-warmup-steps',
};

/** The sentence for what yargs says of the arguments of a command. */
export function explain(
  message: string,
  args: readonly string[],
  command: Command | undefined,
): string {
  const valueless = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (valueless !== undefined) return `Expected a value after ${dashed(valueless)}`;
  const help = command === undefined ? 'cnn --help' : `cnn ${commandLine(command, args)} --help`;
  if (/^Not enough non-option arguments/.test(message)) {
    const usage = command?.usage.replace(nameOf(command), commandLine(command, args));
    return `Expected "cnn ${usage}" but something is missing: see ${help}`;
  }
  const unknown = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1];
  if (unknown === undefined) return message;
  const [word = ''] = unknown.split(', ');
  const flag = args.find(
    (arg) => arg.startsWith('-') && arg.replace(/^-+|=[\s\S]*$/g, '') === word,
  );
  if (flag === undefined) return `Unexpected argument "${word}": see ${help}`;
  const shown = flag.replace(/=[\s\S]*$/, '');
  const elsewhere = ELSEWHERE[word];
  if (elsewhere !== undefined) return `Unknown flag ${shown}: ${elsewhere}. See ${help}`;
  return `Unknown flag ${shown}.${didYouMean(word, flagsOf(command), '--')} See ${help}`;
}

/** `data check` for the command as it was given. */
function commandLine(command: Command, args: readonly string[]): string {
  const name = nameOf(command);
  return args[0] === name ? name : `${args[0]} ${name}`;
}

/** `b` → `-b`, `batch-size` → `--batch-size`. */
function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function flagsOf(command: Command | undefined): string[] {
  const names = command === undefined ? [] : optionsOf(command);
  const others = names.flatMap((name) => {
    const { aliases = [], synonyms = [] } = optionRow(name);
    return [...aliases, ...synonyms];
  });
  return [...names, ...others, ...Object.keys(COMMON_FLAGS)];
}
