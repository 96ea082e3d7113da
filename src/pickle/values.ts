/** What a pickle holds, once it is read. */

/** A name that a pickle may use, and what calling it gives; without `call` it is only a value. */
export interface Global {
  readonly name: string;
  readonly call?: (args: readonly Value[]) => Value;
}

/** Something that the reader's caller made: a tensor, an array. */
export interface Made {
  readonly kind: string;
}

/** Tuples are arrays. Short strings are texts, whether bytes or not. */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | Dict
  | List
  | LongString
  | Global
  | Made;

export class Dict {
  readonly kind = 'dict';
  readonly entries = new Map<Value, Value>();
}

export class List {
  readonly kind = 'list';
  readonly items: Value[] = [];
}

/** A string that is not loaded, by the place of its bytes. */
export class LongString {
  readonly kind = 'text';
  constructor(
    readonly offset: number,
    readonly length: number,
  ) {}
}

/** A pickle that is damaged, or that asks for more than its caller knows. */
export class PickleError extends Error {}

export function isGlobal(value: Value | undefined): value is Global {
  return typeof value === 'object' && value !== null && 'name' in value;
}

/** A value as messages show it. */
export function describeValue(value: Value | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'object') {
    if (Array.isArray(value)) return 'a tuple';
    return isGlobal(value) ? value.name : `a ${(value as Made).kind}`;
  }
  return typeof value === 'string' ? 'a text' : typeof value === 'number' ? 'a number' : `${value}`;
}
