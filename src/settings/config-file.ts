import { isScalar } from 'yaml';
import type { CommandName } from './commands.js';
import { findOption, type OptionName } from './options/index.js';
import type { SettingsSource } from './resolve.js';
import { checkValues } from './validate.js';
import { readYamlFile, type YamlFile } from './yaml-file.js';

/** The validated settings in the file of `--config`, whose keys are the names of flags, with their lines. */
export async function readConfig(command: CommandName, file: string): Promise<SettingsSource> {
  const yaml = await readYamlFile(file, 'the --config file', 'settings such as {"batch-size": 64}');
  const lines = linesOf(yaml);
  const place = (key: string) => `${file}:${lines.get(key)}`;
  const values = checkValues(command, yaml.values, place);
  const keys = new Map(
    [...lines.keys()].map((key) => [findOption(Object.keys(values) as OptionName[], key), key]),
  );
  return { values, source: 'config', where: (name) => place(keys.get(name) ?? name) };
}

/** The line of each key. */
function linesOf({ contents, position }: YamlFile): Map<string, number> {
  const entries = contents.items.flatMap(({ key }) => {
    return isScalar(key) ? [[String(key.value), position(key).line] as const] : [];
  });
  return new Map(entries);
}
