/** Writes what came out of an experiment: results.csv, pictures, and a part of README.md. */

import { basename, join } from 'node:path';
import { counted } from '../../counted.js';
import { replaceFile } from '../../system/files.js';
import type { Experiment } from '../file/experiment.js';
import { type CellResult, cellResults } from './cell-results.js';
import { drawPictures, type Picture } from './charts.js';
import { type CellComparison, compareCells } from './comparisons.js';
import { markdownTable, prefixOf, writeReadme } from './readme.js';
import { type Absent, absentLines, type RunResult, readResults } from './run-result.js';
import { cellTable, comparisonTable, resultsCsv } from './table.js';

export interface Report {
  readonly experiment: Experiment;
  readonly cells: readonly CellResult[];
  readonly comparisons: readonly CellComparison[];
  readonly absent: readonly Absent[];
  /** The files that were written; none before a run is finished. */
  readonly files: readonly string[];
}

/** From the directories of the runs alone. `mixed`: other data and protocols are compared too. */
export async function writeReport(experiment: Experiment, mixed: boolean): Promise<Report> {
  const results = await readResults(experiment);
  const cells = await cellResults(results);
  if (results.runs.length === 0) {
    return { experiment, cells, comparisons: [], absent: results.absent, files: [] };
  }
  const comparisons = compareCells(experiment, results.runs, mixed || experiment.mixed);
  const prefix = prefixOf(experiment);
  const pathOf = (name: string) => join(experiment.directory, `${prefix}${name}`);
  const files = [pathOf('results.csv')];
  await replaceFile(pathOf('results.csv'), resultsCsv(experiment.axes, cells));
  const pictures = await drawPictures(cells, experiment.measures);
  for (const { name, svg } of pictures) {
    await replaceFile(pathOf(`${name}.svg`), svg);
    files.push(pathOf(`${name}.svg`));
  }
  const report = { experiment, cells, comparisons, absent: results.absent };
  files.push(await writeReadme(experiment, readmeLines(report, results.runs, pictures, prefix)));
  return { ...report, files };
}

function readmeLines(
  { experiment, cells, comparisons, absent }: Omit<Report, 'files'>,
  runs: readonly RunResult[],
  pictures: readonly Picture[],
  prefix: string,
): string[] {
  const { seeds, measures } = experiment;
  const lines = [
    '',
    `Means ± standard deviations over the seeds ${seeds.join(', ')} at the last epoch; accuracies in percent. ${machineText(runs)}`,
    '',
    ...markdownTable(cellTable(cells, measures), [0]),
  ];
  if (comparisons.length > 0) {
    lines.push(
      '',
      'Differences, paired by seed, with the 95 % interval of their mean by Student’s t:',
      '',
      ...markdownTable(comparisonTable(comparisons), [0, 1, 5]),
    );
  }
  for (const { name, text } of pictures) lines.push('', `![${text}](${prefix}${name}.svg)`);
  if (absent.length > 0) {
    lines.push('', ...absentLines(absent).map((line) => `- ${line}`));
  }
  return [...lines, ''];
}

/** What computed the runs. */
function machineText(runs: readonly RunResult[]): string {
  const machines = runs.map(({ record: { backend, hardware, versions } }) => {
    return `backend ${backend.name} in ${backend.precision} with ${counted(backend.threads, 'thread')} on ${hardware['cpu']}, cnn ${versions['cnn']}`;
  });
  const distinct = [...new Set(machines)];
  return distinct.length === 0 ? '' : `Trained by ${distinct.join('; and by ')}.`;
}

/** Lines for the terminal that name files as a person would. */
export function fileLine({ experiment, files }: Report): string {
  if (files.length === 0)
    return `${experiment.directory}: nothing to write before a run is finished`;
  return `${experiment.directory}: wrote ${files.map((file) => basename(file)).join(', ')}`;
}
