import type { Architecture } from '../archs/index.js';
import { COMMAND_OPTIONS, type CommandName } from './commands.js';
import { camelCase, type OptionName, optionRow, type Value } from './options/index.js';
import { paperSource } from './recipes/paper.js';
import type { Origin, Settings } from './types.js';
import type { Values } from './validate.js';

export interface SettingsSource {
  readonly values: Values;
  /** Where each value came from. */
  readonly source: Origin | ((name: OptionName) => Origin);
  /** The place in that source: a line of a file, the name of a variable, a run. */
  readonly where?: (name: OptionName) => string | undefined;
}

/** A setting with where it came from, as run.json keeps it. */
export interface SettingOrigin {
  readonly value: Value;
  readonly source: Origin;
  readonly where?: string;
}

/** Every setting of a command with where it came from. */
export type Provenance = Partial<Record<OptionName, SettingOrigin>>;

export interface Resolved<C extends CommandName> {
  readonly settings: Settings<C>;
  readonly provenance: Provenance;
}

/** Joins the sources, weakest first, over the recipe of the architecture and the defaults. */
export function resolveSettings<C extends CommandName>(
  command: C,
  sources: readonly SettingsSource[],
  architecture?: Architecture,
): Resolved<C> {
  const settings: Record<string, Value> = {};
  const provenance: Provenance = {};
  for (const name of COMMAND_OPTIONS[command]) {
    const entry = strongest(name, sources) ?? fallback(name, architecture);
    settings[camelCase(name)] = entry.value;
    provenance[name] = entry;
  }
  return { settings: settings as Settings<C>, provenance };
}

/** The value of a setting in the last source that has one. */
export function strongest(
  name: OptionName,
  sources: readonly SettingsSource[],
): SettingOrigin | undefined {
  for (const { values, source, where: whereOf } of sources.toReversed()) {
    const value = values[name];
    if (value === undefined) continue;
    const where = whereOf?.(name);
    const from = typeof source === 'function' ? source(name) : source;
    return { value, source: from, ...(where !== undefined && { where }) };
  }
  return undefined;
}

/** The value of a setting that nobody gave. */
function fallback(name: OptionName, architecture?: Architecture): SettingOrigin {
  const { recipe, default: value } = optionRow(name);
  if (architecture !== undefined && recipe !== undefined) {
    const where = paperSource(name, architecture);
    const value = recipe(architecture);
    return { value, source: 'recipe', ...(where !== undefined && { where }) };
  }
  return { value: value ?? null, source: 'default' as const };
}
