/** `cnn report`: one page of runs, and its charts as files. */
import { join } from 'node:path';
import { openImages } from '../data/open-images.js';
import { CnnError, firstLine } from '../errors.js';
import type { Reporter } from '../session/reporter.js';
import { type SettingsSource, strongest } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { checkWritable, exists, writeOutput } from '../system/files.js';
import { type Asked, type OpenedNetwork, openNetwork } from './evaluation/network.js';
import { html } from './page/html.js';
import { pageText, type Section } from './page/page.js';
import { openRuns, type ReportedRun } from './runs.js';
import { comparison, ranked } from './sections/comparison.js';
import { curves } from './sections/curves.js';
import { evaluationSections } from './sections/evaluation.js';
import { overview, stateOf, states } from './sections/overview.js';
import { events, settings as settingsSection } from './sections/settings.js';
import { missing } from './sections/words.js';
import { type Files, writeFiles } from './write-files.js';

export interface Report {
  readonly output: string;
  readonly bytes: number;
  readonly runs: readonly string[];
  /** Runs that are not at their end, and why. */
  readonly unfinished: readonly { readonly run: string; readonly state: string }[];
  /** Why the runs are not ranked; null where they are, or where there is one. */
  readonly unranked: string | null;
  /** What is not on the page, and why. */
  readonly missing: string | null;
  /** Files of charts that were written besides. */
  readonly charts: readonly string[];
}

type ReportSettings = Omit<Settings<'report'>, 'checkpoint'> & {
  /** Null takes the best one that is there. */
  readonly checkpoint: Asked['which'] | null;
};

/** Writes the page of the runs that `paths` mean. `sources` are what somebody gave. */
export async function report(
  paths: readonly string[],
  settings: ReportSettings,
  sources: readonly SettingsSource[],
  reporter: Reporter,
): Promise<Report> {
  const order = ranked(await openRuns(paths), settings.mixed);
  const { runs, refusal } = order;
  const output = settings.output ?? placeOf(runs);
  await checkWritable(output, '--output');
  const { section, charts } = await curves(runs);
  const alone = runs.length === 1 ? (runs[0] as ReportedRun) : undefined;
  const network = alone && (await networkOf(alone, settings, sources, reporter));
  const opened = typeof network === 'object' ? network : undefined;
  try {
    const own = opened ? await ownSections(opened, settings) : undefined;
    const why = own?.missing ?? (typeof network === 'string' ? network : undefined);
    const text = pageText({
      title: alone ? `${alone.arch} on ${alone.record.data.name}` : `${runs.length} runs`,
      head: html`${states(runs)}${alone && overview(alone, opened)}${why && missing(why)}`,
      sections: [
        ...(alone ? [] : [comparison(order)]),
        section,
        ...(own?.sections ?? []),
        events(runs),
        settingsSection(runs),
      ],
    });
    await writeOutput(output, text);
    const files = { charts: [...charts, ...(own?.charts ?? [])], pngs: own?.pngs ?? [] };
    return {
      ...{
        output,
        bytes: Buffer.byteLength(text),
        runs: runs.map(({ directory }) => directory.path),
      },
      unfinished: runs.flatMap((run) => {
        const state = stateOf(run);
        return state === undefined ? [] : [{ run: run.directory.path, state }];
      }),
      unranked: refusal ?? null,
      missing: why ?? null,
      charts: await writeFiles(files, settings),
    };
  } finally {
    opened?.dispose();
  }
}

/** Beside the files of a run, or of several where the program was started. */
function placeOf(runs: readonly ReportedRun[]): string {
  const [run] = runs;
  return run !== undefined && runs.length === 1
    ? join(run.directory.path, 'report.html')
    : 'report.html';
}

/**
 * The network of the run, or why the page is without it. Where somebody named the checkpoint, the
 * data or the backend, or an image, it has to be there.
 */
async function networkOf(
  run: ReportedRun,
  { evaluate, checkpoint, ema }: ReportSettings,
  sources: readonly SettingsSource[],
  reporter: Reporter,
): Promise<OpenedNetwork | string> {
  if (!evaluate) return 'There is no evaluation on this page: it was made with --no-evaluate.';
  const best = await exists(run.directory.best);
  const asked: Asked = { sources, which: checkpoint ?? (best ? 'best' : 'last'), ema };
  const names = ['checkpoint', 'data', 'image', 'backend', 'ema'] as const;
  const isAsked = names.some((name) => strongest(name, sources) !== undefined);
  try {
    return await openNetwork(run, asked, reporter);
  } catch (error) {
    if (isAsked || !(error instanceof CnnError)) throw error;
    return `There is no evaluation on this page: ${firstLine(error)}`;
  }
}

async function ownSections(
  network: OpenedNetwork,
  { image }: Pick<ReportSettings, 'image'>,
): Promise<Files & { sections: Section[]; missing: string | undefined }> {
  return evaluationSections(network, image === null ? undefined : await openImages([image]));
}
