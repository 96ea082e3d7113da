import { z } from 'zod';

/**
 * A schema that also reads what earlier versions wrote under other keys. `names` maps each key to
 * the one it had before: `{ images: 'pictures' }`.
 */
export function withFormerNames<T extends z.ZodType>(
  schema: T,
  names: Readonly<Record<string, string>>,
) {
  return z.preprocess((value) => renamed(value, names), schema);
}

/** The object with the keys of today; a key of today wins over its former name. */
function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = new Map(Object.entries(value));
  for (const [name, former] of Object.entries(names)) {
    if (entries.has(former) && !entries.has(name)) entries.set(name, entries.get(former));
    entries.delete(former);
  }
  return Object.fromEntries(entries);
}
