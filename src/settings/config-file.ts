/** Reads the file of `--config`: YAML, of which JSON is a part. */
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { UsageError } from '../errors.js';
import { systemReason } from '../system/system-errors.js';
import { decodeText } from '../system/text.js';
import type { CommandName } from './commands.js';
import { findOption, type OptionName } from './options/index.js';
import type { SettingsSource } from './resolve.js';
import { checkValues } from './validate.js';

/** The validated settings in a file whose keys are the names of flags, with their lines. */
export async function readConfig(command: CommandName, file: string): Promise<SettingsSource> {
  let text: string;
  try {
    text = decodeText(await readFile(file));
  } catch (cause) {
    throw new UsageError(`Cannot read the --config file ${file}: ${systemReason(cause)}`, {
      cause,
    });
  }
  const { settings, lines } = parseSettings(text, file);
  const place = (key: string) => `${file}:${lines.get(key)}`;
  const values = checkValues(command, settings, place);
  const keys = new Map(
    [...lines.keys()].map((key) => [findOption(Object.keys(values) as OptionName[], key), key]),
  );
  return { values, source: 'config', where: (name) => place(keys.get(name) ?? name) };
}

/** The values of a text, and the line of each key. */
function parseSettings(text: string, file: string) {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line ?? 1;
    const reason = problem.message.replace(/ at line [\s\S]*$/, '');
    throw new UsageError(`Expected YAML or JSON in ${file}:${line}: ${reason}`, { cause: problem });
  }
  const { contents } = document;
  if (!isMap(contents)) {
    const found = contents === null ? ': it is empty' : '';
    throw new UsageError(`Expected settings such as {"batch-size": 64} in ${file}${found}`);
  }
  return { settings: plainValues(contents, document, file), lines: linesOf(contents, counter) };
}

function plainValues(
  map: YAMLMap,
  document: ReturnType<typeof parseDocument>,
  file: string,
): Record<string, unknown> {
  try {
    return map.toJS(document);
  } catch (cause) {
    throw new UsageError(`Cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}

function linesOf(map: YAMLMap, counter: LineCounter): Map<string, number> {
  const entries = map.items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    return [[String(key.value), counter.linePos(key.range?.[0] ?? 0).line] as const];
  });
  return new Map(entries);
}
