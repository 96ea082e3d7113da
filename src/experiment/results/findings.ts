/** What is known of the questions of a folder at a glance. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RunError } from '../../errors.js';
import { systemReason } from '../../system/system-errors.js';
import { openExperiment } from '../file/experiment.js';
import { EXPERIMENT_FILE } from '../file/read.js';
import { plannedRuns, stateOf } from '../running/runs.js';

export interface Question {
  readonly name: string;
  readonly directory: string;
  readonly title: string;
  readonly claim: string;
  readonly cells: number;
  readonly finished: number;
  readonly runs: number;
  /** The first sentence below the heading "Finding" of README.md. */
  readonly finding: string | undefined;
}

/** A file that cannot be read, with the reason. */
export interface Unreadable {
  readonly name: string;
  readonly error: string;
}

/** The questions in a folder: its folders with an experiment.yaml, or it itself. */
export async function readQuestions(folder: string): Promise<(Question | Unreadable)[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
    throw new RunError(`Cannot list ${folder}: ${systemReason(cause)}`, { cause });
  });
  const own = entries.some(({ name }) => name === EXPERIMENT_FILE);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const places = own ? [folder] : names.toSorted().map((name) => join(folder, name));
  const questions: (Question | Unreadable)[] = [];
  for (const directory of places) {
    const files = await readdir(directory);
    if (files.includes(EXPERIMENT_FILE)) questions.push(await readQuestion(directory));
  }
  return questions;
}

async function readQuestion(directory: string): Promise<Question | Unreadable> {
  const name = basename(directory);
  try {
    const experiment = await openExperiment(directory);
    const runs = plannedRuns(experiment);
    const states = await Promise.all(runs.map((run) => stateOf(run, 'ignored')));
    const { title, claim, cells } = experiment;
    return {
      ...{ name, directory, title, claim, cells: cells.length, runs: runs.length },
      finished: states.filter(({ kind }) => kind === 'finished').length,
      finding: findingOf(await readFile(join(directory, 'README.md'), 'utf8').catch(() => '')),
    };
  } catch (error) {
    return { name, error: (error as Error).message };
  }
}

/** `## Finding`, and below it a sentence. */
export function findingOf(readme: string): string | undefined {
  const [, text] =
    /^#+ Findings?\s*\n+([^\n#<|][\s\S]*?)(?:\n\n|\n#|$(?![\s\S]))/m.exec(readme) ?? [];
  if (text === undefined) return undefined;
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('**', '').trim();
  const [sentence] = /^.*?[.!?](?= [A-Z]|$)/.exec(line) ?? [line];
  return sentence;
}
