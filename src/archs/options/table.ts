/**
 * What `--arch-options` can change of a network. Each family declares its options as data and builds
 * by `chosen`; at the defaults a network is that of its paper.
 */
export type OptionValue = string | number | boolean;

interface Listed {
  /** What it changes, with its place in the paper. */
  readonly about: string;
  readonly values: readonly OptionValue[];
  readonly default: OptionValue;
}

interface Numeric {
  readonly about: string;
  readonly atLeast: number;
  readonly atMost: number;
  readonly integer?: true;
  readonly default: number;
}

export type ArchOption = Listed | Numeric;
export type OptionTable = Readonly<Record<string, ArchOption>>;

/** The values that were given for a network, by the names of its options. */
export type GivenOptions = Readonly<Record<string, OptionValue>>;

export type Chosen<T extends OptionTable> = {
  readonly [Name in keyof T]: T[Name] extends { values: readonly (infer Value)[] } ? Value : number;
};

/** The value of every option: the given one or the default. */
export function chosen<const T extends OptionTable>(
  table: T,
  { options = {} }: { readonly options?: GivenOptions },
): Chosen<T> {
  const entries = Object.entries(table).map(([name, row]) => [name, options[name] ?? row.default]);
  return Object.fromEntries(entries) as Chosen<T>;
}

/** What an option accepts, in words. */
export function describeValues(row: ArchOption): string {
  if ('values' in row) {
    const last = row.values.at(-1);
    return `${row.values.slice(0, -1).join(', ')} or ${last}`;
  }
  return `${row.integer ? 'a whole number' : 'a number'} of ${row.atLeast} to ${row.atMost}`;
}
