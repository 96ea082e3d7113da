import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import type { Architecture } from '../architecture.js';
import { type ArchOption, describeValues, type GivenOptions, type OptionValue } from './table.js';

/**
 * A network with the options of texts such as `lrn=false`; at their defaults they change nothing. One
 * that differs has other weights than torchvision's, and another accuracy than was published.
 */
export function withOptions(architecture: Architecture, texts: readonly string[]): Architecture {
  const options = readOptions(architecture, texts);
  const given = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  if (given.length === 0) return architecture;
  const { published: _, torchvision: __, ...rest } = architecture;
  const build: Architecture['build'] = (settings) => architecture.build({ ...settings, options });
  return { ...rest, given, build };
}

/** A network as people call it: `alexnet (lrn=false)`. */
export function titleOf({ name, given = [] }: Pick<Architecture, 'name' | 'given'>): string {
  return given.length === 0 ? name : `${name} (${given.join(', ')})`;
}

/** The options of texts that are not at their defaults, in the order of the network's table. */
function readOptions(architecture: Architecture, texts: readonly string[]): GivenOptions {
  const { name: network, options: table = {} } = architecture;
  const found = new Map<string, OptionValue>();
  for (const text of texts) {
    const [, name = text.trim(), value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined) throw unknownOption(network, name, Object.keys(table));
    if (found.has(name)) {
      throw new UsageError(`Expected each of --arch-options once but received ${name} twice`);
    }
    found.set(name, readValue(row, value, `${name} of ${network}`));
  }
  const differing = Object.entries(table).flatMap(([name, row]) => {
    const value = found.get(name);
    return value === undefined || value === row.default ? [] : [[name, value] as const];
  });
  return Object.fromEntries(differing);
}

function readValue(row: ArchOption, text: string, what: string): OptionValue {
  const value = 'values' in row ? oneOf(row.values, text) : numberOf(text);
  const fits = 'values' in row || (typeof value === 'number' && isWithin(row, value));
  if (value !== undefined && fits) return value;
  throw new UsageError(
    `Expected --arch-options to set ${what} to ${describeValues(row)} but received "${text}"`,
  );
}

function oneOf(values: readonly OptionValue[], text: string): OptionValue | undefined {
  return values.find((value) => String(value).toLowerCase() === text.toLowerCase());
}

function numberOf(text: string): number | undefined {
  return text === '' ? undefined : Number(text);
}

function isWithin(row: Exclude<ArchOption, { values: unknown }>, value: number): boolean {
  const whole = row.integer !== true || Number.isInteger(value);
  return whole && value >= row.atLeast && value <= row.atMost;
}

function unknownOption(network: string, name: string, known: readonly string[]): UsageError {
  const has = known.length === 0 ? 'no options' : `the options ${known.join(', ')}`;
  return new UsageError(
    `Unknown option "${name}" in --arch-options: ${network} has ${has}.${didYouMean(name, known)}`,
  );
}
