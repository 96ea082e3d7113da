import { type OptionName, optionRow, type Row } from './options/index.js';

const NUMBERS = {
  integer: 'a whole number',
  number: 'a number',
  colour: 'one number or three',
  range: 'one number or two, the least first,',
};

/** What an option accepts, in words: "a whole number above 0". */
export function describeExpected(name: OptionName): string {
  const row = optionRow(name);
  if (row.many) return `a list with commas, each ${describeOne(row)}`;
  return describeOne(row);
}

function describeOne(row: Row): string {
  if (row.kind === 'choice') return `one of ${row.choices?.join(', ')}`;
  if (row.kind === 'boolean') return 'true or false';
  if (row.kind === 'text') return 'a text that is not empty';
  const number = NUMBERS[row.kind];
  const bounds = [
    row.above === undefined ? '' : `above ${row.above}`,
    row.atLeast === undefined ? '' : `of at least ${row.atLeast}`,
    row.below === undefined ? '' : `below ${row.below}`,
    row.atMost === undefined ? '' : `of at most ${row.atMost}`,
  ].filter((bound) => bound !== '');
  return bounds.length === 0 ? number : `${number} ${bounds.join(' and ')}`;
}

/** What a value has to be, as `--help` shows it. */
export function describeKind(name: OptionName): string {
  const { kind } = optionRow(name);
  return kind === 'text' || kind === 'boolean' ? '' : ` (${describeExpected(name)})`;
}

/** The same with the unit, the default and the option's names in other programs. */
export function describeValue(name: OptionName): string {
  const row = optionRow(name);
  const parts = row.kind === 'text' || row.kind === 'boolean' ? [] : [describeExpected(name)];
  if (row.unit !== undefined) parts.push(`in ${row.unit}`);
  if (row.recipe !== undefined) parts.push('default: recipe');
  else if (row.default !== null) parts.push(`default: ${row.default}`);
  else if (row.auto !== undefined) parts.push(`default: ${row.auto}`);
  if (row.kind === 'boolean' && row.recipe !== undefined) parts.push(`--no-${name} turns it off`);
  if (row.environment !== undefined) parts.push(`environment: ${row.environment}`);
  if (row.synonyms !== undefined) parts.push(`also ${row.synonyms.map(dashed).join(', ')}`);
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

/** `b` → `-b`, `batch-size` → `--batch-size`. */
export function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
