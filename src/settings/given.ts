import type { CommandName } from './commands.js';
import { readConfig } from './config-file.js';
import { environmentSource } from './environment.js';
import type { OptionName } from './options/index.js';
import { type SettingsSource, strongest } from './resolve.js';
import { flagValues } from './validate.js';

/** What yargs read: the raw text of flags, or true and false. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * The settings that someone gave, weakest first: those of `--config FILE`, of the environment, then
 * the flags.
 */
export async function givenSources(command: CommandName, given: Given): Promise<SettingsSource[]> {
  const { config } = given;
  const flags: SettingsSource = { values: flagValues(command, given), source: 'flag' };
  const sources = [environmentSource(command, process.env), flags];
  return typeof config === 'string' ? [await readConfig(command, config), ...sources] : sources;
}

/** The text given for an option; null where there is none. `sources` are weakest first. */
export function givenValue(sources: readonly SettingsSource[], name: OptionName): string | null {
  const value = strongest(name, sources)?.value;
  return typeof value === 'string' ? value : null;
}

/** The texts given for an option; none where there are none. `sources` are weakest first. */
export function givenTexts(
  sources: readonly SettingsSource[],
  name: OptionName,
): readonly string[] {
  const value = strongest(name, sources)?.value;
  return Array.isArray(value) ? value.map(String) : [];
}

/** The number given for an option; null where there is none. `sources` are weakest first. */
export function givenNumber(sources: readonly SettingsSource[], name: OptionName): number | null {
  const value = strongest(name, sources)?.value;
  return typeof value === 'number' ? value : null;
}
