import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Architecture } from '../archs/index.js';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { describeExpected } from './describe.js';
import {
  COMMAND_OPTIONS,
  type CommandName,
  camelCase,
  type OptionName,
  optionRow,
  type Settings,
  type Source,
  type Value,
} from './options.js';

/** Values by option name, from one place. */
export type Values = Readonly<Partial<Record<OptionName, Value>>>;

export interface Layer {
  readonly values: Values;
  /** Where each value came from. */
  readonly source: Source | ((name: OptionName) => Source);
}

/** Every setting of a command with where it came from, as run.json keeps it. */
export type Provenance = Partial<Record<OptionName, { value: Value; source: Source }>>;

export interface Resolved<C extends CommandName> {
  readonly settings: Settings<C>;
  readonly provenance: Provenance;
}

/** The validated values of the flags that were given; `given` holds the raw text or a boolean. */
export function flagValues(command: CommandName, given: Readonly<Record<string, unknown>>): Values {
  const values: Partial<Record<OptionName, Value>> = {};
  for (const name of COMMAND_OPTIONS[command]) {
    const raw = given[name];
    if (raw === undefined) continue;
    values[name] = validate(name, fromText(name, raw), `--${name}`);
  }
  return values;
}

/** The validated values of a JSON file whose keys are the names of flags. */
export async function configValues(command: CommandName, file: string): Promise<Values> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`Cannot read the --config file ${file}: ${error.message}`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Expected JSON in ${file}: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`Expected an object such as {"batch-size": 64} in ${file}`);
  }
  return checkValues(command, parsed as Record<string, unknown>, file);
}

/** Checks named values: an unknown key is an error, an alias counts as its option. */
export function checkValues(
  command: CommandName,
  record: Readonly<Record<string, unknown>>,
  where: string,
): Values {
  const names: readonly OptionName[] = COMMAND_OPTIONS[command];
  const values: Partial<Record<OptionName, Value>> = {};
  for (const [key, raw] of Object.entries(record)) {
    const name = names.find((n) => n === key || optionRow(n).aliases?.includes(key));
    if (name === undefined) {
      throw new UsageError(`Unknown setting "${key}" in ${where}.${didYouMean(key, names)}`);
    }
    values[name] = validate(name, raw, `"${key}" in ${where}`);
  }
  return values;
}

/** Joins the layers, the strongest last, over the recipe of the architecture and the defaults. */
export function resolveSettings<C extends CommandName>(
  command: C,
  layers: readonly Layer[],
  architecture?: Architecture,
): Resolved<C> {
  const settings: Record<string, Value> = {};
  const provenance: Provenance = {};
  for (const name of COMMAND_OPTIONS[command]) {
    const entry = strongest(name, layers) ?? fallback(name, architecture);
    settings[camelCase(name)] = entry.value;
    provenance[name] = entry;
  }
  return { settings: settings as Settings<C>, provenance };
}

function strongest(name: OptionName, layers: readonly Layer[]) {
  for (const { values, source } of layers.toReversed()) {
    const value = values[name];
    if (value !== undefined) {
      return { value, source: typeof source === 'function' ? source(name) : source };
    }
  }
  return undefined;
}

function fallback(name: OptionName, architecture?: Architecture) {
  const { recipe, default: value } = optionRow(name);
  if (architecture !== undefined && recipe !== undefined) {
    return { value: recipe(architecture), source: 'recipe' as const };
  }
  return { value: value ?? null, source: 'default' as const };
}

function fromText(name: OptionName, raw: unknown): unknown {
  const { kind, choices } = optionRow(name);
  if ((kind === 'colour' || kind === 'range') && typeof raw === 'string') {
    const numbers = raw.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    return numbers.some(Number.isNaN) ? raw : numbers;
  }
  const numeric = kind === 'number' || kind === 'integer' || typeof choices?.[0] === 'number';
  if (!numeric || typeof raw !== 'string' || raw.trim() === '') return raw;
  const number = Number(raw);
  return Number.isNaN(number) ? raw : number;
}

function validate(name: OptionName, raw: unknown, where: string): Value {
  const result = schema(name).safeParse(raw);
  if (result.success) return result.data;
  const shown = typeof raw === 'number' ? String(raw) : JSON.stringify(raw);
  throw new UsageError(`Expected ${where} to be ${describeExpected(name)} but received ${shown}`);
}

function schema(name: OptionName): z.ZodType<Value> {
  const row = optionRow(name);
  const value = baseSchema(name);
  return row.default === null ? value.nullable() : value;
}

function baseSchema(name: OptionName): z.ZodType<Value> {
  const row = optionRow(name);
  if (row.kind === 'boolean') return z.boolean();
  if (row.kind === 'text') return z.string().min(1);
  if (row.kind === 'choice') return z.literal([...(row.choices ?? [])]);
  if (row.kind === 'colour') {
    const one = numberSchema(row);
    return z.union([
      z.array(one).length(1),
      z.array(one).length(3),
      one.transform((value) => [value]),
    ]);
  }
  if (row.kind === 'range') return rangeSchema(numberSchema(row));
  return numberSchema(row);
}

/** One number stands for both ends. */
function rangeSchema(one: ReturnType<typeof numberSchema>) {
  return z
    .union([z.tuple([one, one]), z.tuple([one]), one])
    .transform((value): [number, number] => {
      if (typeof value === 'number') return [value, value];
      const [least, most = least] = value;
      return [least, most];
    })
    .refine(([least, most]) => least <= most);
}

function numberSchema(row: ReturnType<typeof optionRow>) {
  let number = row.kind === 'integer' ? z.int() : z.number();
  if (row.above !== undefined) number = number.gt(row.above);
  if (row.atLeast !== undefined) number = number.gte(row.atLeast);
  if (row.below !== undefined) number = number.lt(row.below);
  if (row.atMost !== undefined) number = number.lte(row.atMost);
  return number;
}
