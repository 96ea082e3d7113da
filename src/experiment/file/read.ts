/** Reads an experiment file: every mistake in it is an error with its file, line and column. */
import { join } from 'node:path';
import { isMap, isNode, isPair, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import { readYamlFile, type YamlFile } from '../../settings/yaml-file.js';
import { describeKey, type FileShape, fileSchema } from './format.js';

export const EXPERIMENT_FILE = 'experiment.yaml';

const REQUIRED = Object.entries(fileSchema.shape)
  .filter(([, schema]) => !schema.safeParse(undefined).success)
  .map(([key]) => key);

type Path = readonly PropertyKey[];

/** A file whose keys and kinds of values are right. */
export interface ExperimentFile {
  readonly path: string;
  readonly shape: FileShape;
  /** `experiments/x/experiment.yaml:3:7`: where the value of a path is, or its key. */
  readonly place: (path: Path, part?: 'key' | 'value') => string;
}

/** `directory` is that of the question. */
export async function readExperimentFile(
  directory: string,
  name = EXPERIMENT_FILE,
): Promise<ExperimentFile> {
  const path = join(directory, name);
  const example = 'an experiment such as {title: …, claim: …, source: …, seeds: [1, 2, 3]}';
  const yaml = await readYamlFile(path, 'the experiment file', example);
  const place = placesOf(yaml, path);
  const result = fileSchema.safeParse(yaml.values);
  if (result.success) return { path, shape: result.data, place };
  throw mistake(result.error.issues[0] as z.core.$ZodIssue, yaml, place);
}

function mistake(
  issue: z.core.$ZodIssue,
  { values }: YamlFile,
  place: ExperimentFile['place'],
): UsageError {
  const [key] = issue.path;
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const [unknown = ''] = issue.keys;
    const known = Object.keys(fileSchema.shape);
    return new UsageError(
      `${place([unknown], 'key')}: unknown key "${unknown}".${didYouMean(unknown, known)}`,
    );
  }
  const name = String(key);
  const expected = describeKey(name);
  const missing = REQUIRED.filter((required) => values[required] === undefined);
  if (missing.length > 1) {
    const list = missing.map((required) => `"${required}" (${describeKey(required)})`).join(', ');
    return new UsageError(`${place([])}: expected ${list}, but they are missing`);
  }
  if (values[name] === undefined) {
    return new UsageError(`${place([])}: "${name}" is missing: expected ${expected}`);
  }
  return new UsageError(`${place(issue.path)}: expected "${name}" to be ${expected}`);
}

function placesOf({ contents, position }: YamlFile, file: string): ExperimentFile['place'] {
  return (path, part = 'value') => {
    const { line, column } = position(nodeAt(contents, path, part));
    return `${file}:${line}:${column}`;
  };
}

/** The node of a path; where it does not lead to the end, the last one on it. */
function nodeAt(root: YAMLMap, path: Path, part: 'key' | 'value'): Node {
  let node: Node = root;
  for (const [index, step] of path.entries()) {
    const wantsKey = part === 'key' && index === path.length - 1;
    const next: Node | undefined = (wantsKey && keyOf(node, step)) || childOf(node, step);
    if (next === undefined) return node;
    node = next;
  }
  return node;
}

function pairOf(node: Node, step: PropertyKey) {
  if (!isMap(node)) return undefined;
  return node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
}

function keyOf(node: Node, step: PropertyKey): Node | undefined {
  const key = pairOf(node, step)?.key;
  return isNode(key) ? key : undefined;
}

function childOf(node: Node, step: PropertyKey): Node | undefined {
  const child = isSeq(node) ? node.items[Number(step)] : pairOf(node, step)?.value;
  return isNode(child) && !isPair(child) ? child : keyOf(node, step);
}
