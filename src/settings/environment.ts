import { COMMAND_OPTIONS, type CommandName } from './commands.js';
import { type OptionName, optionRow } from './options/index.js';
import type { SettingsSource } from './resolve.js';
import { textValue, type Values } from './validate.js';

/** The settings of a command that environment variables hold. */
export function environmentSource(
  command: CommandName,
  variables: Readonly<Record<string, string | undefined>>,
): SettingsSource {
  const values: Partial<Record<OptionName, Values[OptionName]>> = {};
  for (const name of COMMAND_OPTIONS[command]) {
    const { environment } = optionRow(name);
    const text = environment === undefined ? undefined : variables[environment];
    if (text) values[name] = textValue(name, text, `${environment}`);
  }
  const where = (name: OptionName) => optionRow(name).environment;
  return { values: values as Values, source: 'environment', where };
}
