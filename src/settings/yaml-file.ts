/** Reads a file of settings: YAML, of which JSON is a part. */
import { readFile } from 'node:fs/promises';
import { isMap, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { UsageError } from '../errors.js';
import { systemReason } from '../system/system-errors.js';
import { decodeText } from '../system/text.js';

/** A mapping in a file. */
export interface YamlFile {
  readonly contents: YAMLMap;
  /** The same as plain values. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Line and column of a node, from 1. */
  readonly position: (node: Node | null | undefined) => { line: number; column: number };
}

/**
 * `what` names the file in an error: "the --config file". `example` shows what such a file holds.
 * Throws a UsageError for what is no mapping, and for a key that comes twice.
 */
export async function readYamlFile(file: string, what: string, example: string): Promise<YamlFile> {
  let text: string;
  try {
    text = decodeText(await readFile(file));
  } catch (cause) {
    throw new UsageError(`Cannot read ${what} ${file}: ${systemReason(cause)}`, { cause });
  }
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line = 1, col = 1 } = problem.linePos?.[0] ?? {};
    const reason = problem.message.replace(/ at line [\s\S]*$/, '');
    throw new UsageError(`Expected YAML or JSON in ${file}:${line}:${col}: ${reason}`, {
      cause: problem,
    });
  }
  const { contents } = document;
  if (!isMap(contents)) {
    const found = contents === null ? ': it is empty' : '';
    throw new UsageError(`Expected ${example} in ${file}${found}`);
  }
  return {
    contents,
    values: plainValues(contents, document, file),
    position(node) {
      const { line, col } = counter.linePos(node?.range?.[0] ?? 0);
      return { line, column: col };
    },
  };
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
