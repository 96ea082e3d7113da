/** The part of a question's README.md that is written anew by each report. */
import { readFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { UsageError } from '../../errors.js';
import { replaceFile } from '../../system/files.js';
import { hasCode } from '../../system/system-errors.js';
import type { Experiment } from '../file/experiment.js';
import { EXPERIMENT_FILE } from '../file/read.js';

/** `` of experiment.yaml, `imagenet-` of imagenet.yaml: what the names of results begin with. */
export function prefixOf({ file }: Pick<Experiment, 'file'>): string {
  const { name, base } = parse(file);
  return base === EXPERIMENT_FILE ? '' : `${name}-`;
}

/** Puts a text between the markers, which are added at the end of the file where there are none. */
export async function writeReadme(
  experiment: Experiment,
  lines: readonly string[],
): Promise<string> {
  const path = join(experiment.directory, 'README.md');
  const before = await readFile(path, 'utf8').catch((error) => {
    if (hasCode(error, 'ENOENT')) return startOf(experiment);
    throw error;
  });
  const name = `${prefixOf(experiment)}results`;
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if ((from === -1) !== (to === -1) || to < from) {
    throw new UsageError(`Expected ${begin} and then ${end} in ${path}, or neither of them`);
  }
  const text = [begin, ...lines, end].join('\n');
  const after =
    from === -1
      ? `${before.trimEnd()}\n\n${text}\n`
      : before.slice(0, from) + text + before.slice(to + end.length);
  if (after !== before) await replaceFile(path, after);
  return path;
}

function startOf({ title, claim, source }: Experiment): string {
  return `# ${title}\n\n${claim} (${source})\n`;
}

/** A table of GitHub's Markdown; the first column is text, the others are numbers. */
export function markdownTable(rows: readonly (readonly string[])[], texts: readonly number[]) {
  const [header = [], ...others] = rows;
  const rule = header.map((_, column) => (texts.includes(column) ? '---' : '---:'));
  return [header, rule, ...others].map((row) => `| ${row.map(escaped).join(' | ')} |`);
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
