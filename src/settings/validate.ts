import { z } from 'zod';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { COMMAND_OPTIONS, type CommandName } from './commands.js';
import { describeExpected } from './describe.js';
import { elsewhere } from './elsewhere.js';
import {
  findOption,
  namesOf,
  type OptionName,
  optionRow,
  type Row,
  type Value,
} from './options/index.js';

/** The validated values of the flags that were given; `given` holds the raw text or a boolean. */
export function flagValues(command: CommandName, given: Readonly<Record<string, unknown>>): Values {
  const values: Partial<Record<OptionName, Value>> = {};
  for (const name of COMMAND_OPTIONS[command]) {
    const raw = given[name];
    if (raw === undefined) continue;
    values[name] = textValue(name, raw, `--${name}`);
  }
  return values;
}

/** The validated value of a text; `raw` is a boolean for a flag without one. */
export function textValue(name: OptionName, raw: unknown, where: string): Value {
  return validate(name, fromText(name, raw), where, raw);
}

/**
 * Checks named values: an unknown key is an error, and so are two names of one option; an alias or
 * synonym counts as its option. `where` names the file, or the place in it for a key.
 */
export function checkValues(
  command: CommandName,
  record: Readonly<Record<string, unknown>>,
  where: string | ((key: string) => string),
): Values {
  const names: readonly OptionName[] = COMMAND_OPTIONS[command];
  const values: Partial<Record<OptionName, Value>> = {};
  for (const [key, raw] of Object.entries(record)) {
    const name = findOption(names, key);
    const place = typeof where === 'string' ? where : where(key);
    if (name === undefined) throw unknownSetting(key, names, place);
    if (values[name] !== undefined) {
      throw new UsageError(`"${key}" in ${place} is another name of "${name}", which is there too`);
    }
    values[name] = validate(name, raw, `"${key}" in ${place}`);
  }
  return values;
}

function unknownSetting(key: string, names: readonly OptionName[], where: string): UsageError {
  const hint = elsewhere(key, names);
  const rest = hint === undefined ? `.${didYouMean(key, names.flatMap(namesOf))}` : `: ${hint}`;
  return new UsageError(`Unknown setting "${key}" in ${where}${rest}`);
}

function fromText(name: OptionName, raw: unknown): unknown {
  const { kind, choices, many } = optionRow(name);
  if (many && typeof raw === 'string') {
    return raw.split(',').map((part) => oneFromText(kind, choices, part.trim()));
  }
  if ((kind === 'colour' || kind === 'range') && typeof raw === 'string') {
    const numbers = raw.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    return numbers.some(Number.isNaN) ? raw : numbers;
  }
  return oneFromText(kind, choices, raw);
}

function oneFromText(kind: Row['kind'], choices: Row['choices'], raw: unknown): unknown {
  const numeric = kind === 'number' || kind === 'integer' || typeof choices?.[0] === 'number';
  if (!numeric || typeof raw !== 'string' || raw.trim() === '') return raw;
  const number = Number(raw);
  return Number.isNaN(number) ? raw : number;
}

/** `given` is the value as it was written. */
function validate(name: OptionName, raw: unknown, where: string, given = raw): Value {
  const result = settingSchema(name).safeParse(raw);
  if (result.success) return result.data;
  const shown = typeof raw === 'number' ? String(given) : JSON.stringify(given);
  const { instead } = optionRow(name);
  throw new UsageError(
    `Expected ${where} to be ${describeExpected(name)} but received ${shown}${instead ? `: ${instead}` : ''}`,
  );
}

/** What a setting may be, as zod checks it and editors know it. */
export function settingSchema(name: OptionName): z.ZodType<Value> {
  const row = optionRow(name);
  const value = baseSchema(name);
  return row.default === null ? value.nullable() : value;
}

function baseSchema(name: OptionName): z.ZodType<Value> {
  const row = optionRow(name);
  if (!row.many) return oneSchema(row);
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]);
  return z.preprocess(list, z.array(oneSchema(row)).min(1)) as z.ZodType<Value>;
}

function oneSchema(row: Row): z.ZodType<Value> {
  if (row.kind === 'boolean') return z.boolean();
  if (row.kind === 'text') return z.string().min(1);
  if (row.kind === 'choice') return choiceSchema(row);
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

function choiceSchema({ choices = [], choiceSynonyms = {} }: Row) {
  const known = (value: unknown) =>
    typeof value === 'string' ? (choiceSynonyms[value.toLowerCase()] ?? value) : value;
  return z.preprocess(known, z.literal([...choices]));
}

/** A pair, or one number for both ends. */
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

function numberSchema(row: Row) {
  let number = row.kind === 'integer' ? z.int() : z.number();
  if (row.above !== undefined) number = number.gt(row.above);
  if (row.atLeast !== undefined) number = number.gte(row.atLeast);
  if (row.below !== undefined) number = number.lt(row.below);
  if (row.atMost !== undefined) number = number.lte(row.atMost);
  return number;
}

/** Validated values by the name of their option. */
export type Values = Readonly<Partial<Record<OptionName, Value>>>;
