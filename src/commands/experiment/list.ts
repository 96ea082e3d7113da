import { RunError } from '../../errors.js';
import { readQuestions } from '../../experiment/results/findings.js';
import type { Given } from '../../settings/given.js';
import { table, terminalWidth } from '../../terminal/table.js';
import type { Result } from '../command.js';

/** Where questions are, unless a directory is named. */
const FOLDER = 'experiments';

/** `cnn experiment list`: the questions, what is done of them, and what they found. */
export async function runExperimentList(given: Given): Promise<Result> {
  const folder = String(given['directory'] ?? FOLDER);
  const questions = await readQuestions(folder);
  if (questions.length === 0) {
    throw new RunError(`Expected folders with an experiment.yaml in ${folder} but there are none`);
  }
  const header = ['question', 'cells', 'done', 'claim', 'finding'];
  const rows = questions.map((question) => {
    if ('error' in question) return [question.name, '', '', question.error, ''];
    const { name, cells, finished, runs, claim, finding = '' } = question;
    return [name, String(cells), `${finished}/${runs}`, claim, finding];
  });
  const alignment = ['left', 'right', 'right', 'left', 'left'] as const;
  const width = terminalWidth();
  const lines = table([header, ...rows], {
    alignment,
    cut: 3,
    leaveOut: width === undefined ? [] : [4],
  });
  const broken = questions.flatMap((question) => ('error' in question ? [question.name] : []));
  const error = new RunError(`These cannot be read: ${broken.join(', ')}`);
  return { lines, json: questions, ...(broken.length > 0 && { error }) };
}
