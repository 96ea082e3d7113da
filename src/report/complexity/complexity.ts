/** `cnn report --complexity`: accuracy of the networks of the catalogue against what they cost. */
import { architectures } from '../../archs/index.js';
import type { Settings } from '../../settings/types.js';
import { checkWritable, writeOutput } from '../../system/files.js';
import { html } from '../page/html.js';
import { pageText } from '../page/page.js';
import type { DamagedRun, OpenedRuns } from '../runs.js';
import { writeFiles } from '../write-files.js';
import { panelsOf } from './points.js';
import { depthSection, panelSection } from './sections.js';

export interface ComplexityReport {
  readonly output: string;
  readonly bytes: number;
  readonly runs: readonly string[];
  readonly damaged: readonly DamagedRun[];
  readonly charts: readonly string[];
}

export async function complexityReport(
  { runs, damaged }: OpenedRuns,
  settings: Pick<Settings<'report'>, 'output' | 'png' | 'svg'>,
): Promise<ComplexityReport> {
  const output = settings.output ?? 'complexity.html';
  await checkWritable(output, '--output');
  const panels = await panelsOf(runs);
  const sections = await Promise.all(panels.map(panelSection));
  const figures = sections.filter(({ charts }) => charts.length > 0);
  const tables = sections.filter(({ charts }) => charts.length === 0);
  const drawn = [...figures, await depthSection(), ...tables];
  const text = pageText({
    title: 'Accuracy and complexity',
    head: html`<p class="lead">${architectures.length} networks as published${runs.length > 0 && `, ${runs.length === 1 ? 'a run' : `${runs.length} runs`} as measured`}; after Canziani, Paszke and Culurciello, “An Analysis of Deep Neural Network Models for Practical Applications”, 2016</p>`,
    sections: drawn.map(({ section }) => section),
  });
  await writeOutput(output, text);
  const charts = await writeFiles(
    { charts: drawn.flatMap((part) => part.charts), pngs: [] },
    settings,
  );
  return {
    ...{ output, bytes: Buffer.byteLength(text), charts, damaged },
    runs: runs.map(({ directory }) => directory.path),
  };
}
