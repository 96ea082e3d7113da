import { openExperiment } from '../../experiment/file/experiment.js';
import type { CellResult } from '../../experiment/results/cell-results.js';
import { absentLines } from '../../experiment/results/run-result.js';
import { cellTable, comparisonTable } from '../../experiment/results/table.js';
import { fileLine, type Report, writeReport } from '../../experiment/results/write-report.js';
import { type Given, givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { table } from '../../terminal/table.js';
import type { Result } from '../command.js';

/** `cnn experiment report`: what came out, from the directories of the runs alone. */
export async function runExperimentReport(given: Given): Promise<Result> {
  const sources = await givenSources('experiment-report', given);
  const { file, mixed } = resolveSettings('experiment-report', sources).settings;
  const report = await writeReport(await openExperiment(String(given['directory']), file), mixed);
  return { lines: reportLines(report), json: reportFacts(report) };
}

export function reportLines(report: Report): string[] {
  const { experiment, cells, comparisons, absent } = report;
  const rows = cellTable(cells, experiment.measures);
  const count = rows[0]?.length ?? 0;
  // Memory, speed, time and costs give way first where the terminal is narrow.
  const leaveOut = [1, 3, 2, 4, 5].map((place) => count - place);
  return [
    experiment.title,
    '',
    ...table(rows, { alignment: ['left'], leaveOut, cut: 0 }),
    ...(comparisons.length === 0 ? [] : ['', ...comparisonLines(report)]),
    ...(absent.length === 0 ? [] : ['', ...absentLines(absent)]),
    '',
    fileLine(report),
  ];
}

function comparisonLines({ comparisons }: Report): string[] {
  const alignment = ['left', 'left', 'right', 'right', 'right', 'left'] as const;
  return table(comparisonTable(comparisons), { alignment, leaveOut: [2], cut: 0 });
}

export function reportFacts({ experiment, cells, comparisons, absent, files }: Report) {
  const { title, claim, source, seeds } = experiment;
  return { title, claim, source, seeds, cells: cells.map(cellFacts), comparisons, absent, files };
}

function cellFacts({ runs, imagesPerSecond, peakBytes, ...cell }: CellResult) {
  return {
    ...cell,
    images_per_second: imagesPerSecond,
    peak_bytes: peakBytes,
    runs: runs.map(({ seed, path, measures, seconds }) => ({ seed, path, ...measures, seconds })),
  };
}
