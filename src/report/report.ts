/** `cnn report`: one page of runs, and its charts as files. */
import { join } from 'node:path';
import type { Reporter } from '../session/reporter.js';
import type { SettingsSource } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { checkWritable, writeOutput } from '../system/files.js';
import { networkParts, type Which } from './network-parts.js';
import { type Html, html } from './page/html.js';
import { pageText } from './page/page.js';
import { type DamagedRun, openRuns, type ReportedRun } from './runs.js';
import { comparison, ranked } from './sections/comparison.js';
import { curves } from './sections/curves.js';
import { stateOf, states } from './sections/overview.js';
import { events, settings as settingsSection } from './sections/settings.js';
import { missing } from './sections/words.js';
import { writeFiles } from './write-files.js';

export interface Report {
  readonly output: string;
  readonly bytes: number;
  readonly runs: readonly string[];
  /** Runs, or their checkpoints, that are left out because they cannot be read. */
  readonly damaged: readonly DamagedRun[];
  /** Runs that are not at their end, and why. */
  readonly unfinished: readonly { readonly run: string; readonly state: string }[];
  /** Why the runs are not ranked; null where they are, or where there is one. */
  readonly unranked: string | null;
  /** What is not on the page, and why. */
  readonly missing: string | null;
  /** Files of charts that were written besides. */
  readonly charts: readonly string[];
}

export type ReportSettings = Omit<Settings<'report'>, 'checkpoint'> & {
  /** Null takes the best one that is there. */
  readonly checkpoint: Which | null;
};

/** Writes the page of the runs that `paths` mean. `sources` are what somebody gave. */
export async function report(
  paths: readonly string[],
  settings: ReportSettings,
  sources: readonly SettingsSource[],
  reporter: Reporter,
): Promise<Report> {
  const opened = await openRuns(paths);
  const order = ranked(opened.runs, settings.mixed);
  const { runs, refusal } = order;
  const output = settings.output ?? placeOf(runs);
  await checkWritable(output, '--output');
  const { section, charts } = await curves(runs);
  const parts = await networkParts(runs, settings, sources, reporter);
  const damaged = [...opened.damaged, ...parts.damaged];
  const alone = runs.length === 1 ? (runs[0] as ReportedRun) : undefined;
  const text = pageText({
    title: alone ? `${alone.arch} on ${alone.record.data.name}` : `${runs.length} runs`,
    head: html`${states(runs)}${leftOut(opened.damaged)}${parts.head}${parts.missing && missing(parts.missing)}`,
    sections: [
      ...(alone ? [] : [comparison(order)]),
      section,
      ...parts.sections,
      events(runs),
      settingsSection(runs),
    ],
  });
  await writeOutput(output, text);
  return {
    ...{ output, bytes: Buffer.byteLength(text), damaged },
    runs: runs.map(({ directory }) => directory.path),
    unfinished: runs.flatMap((run) => {
      const state = stateOf(run);
      return state === undefined ? [] : [{ run: run.directory.path, state }];
    }),
    unranked: refusal ?? null,
    missing: parts.missing ?? null,
    charts: await writeFiles({ charts: [...charts, ...parts.charts], pngs: parts.pngs }, settings),
  };
}

function leftOut(damaged: readonly DamagedRun[]): Html[] {
  return damaged.map(({ run, why }) => {
    return html`<p class="note" role="note">Left out: <code>${run}</code>. ${why}</p>`;
  });
}

/** Beside the files of a run, or of several where the program was started. */
function placeOf(runs: readonly ReportedRun[]): string {
  const [run] = runs;
  return run !== undefined && runs.length === 1
    ? join(run.directory.path, 'report.html')
    : 'report.html';
}
