import { RunError, UsageError } from '../errors.js';
import { type ComplexityReport, complexityReport } from '../report/complexity/complexity.js';
import { type Report, report } from '../report/report.js';
import { openRuns } from '../report/runs.js';
import { type Given, givenSources } from '../settings/given.js';
import type { OptionName } from '../settings/options/index.js';
import { resolveSettings, type SettingsSource, strongest } from '../settings/resolve.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';

/** What `--complexity` takes: it evaluates nothing. */
const OF_COMPLEXITY: readonly OptionName[] = ['complexity', 'output', 'png', 'svg'];

export async function runReport(
  given: Given,
  reporter = createReporter(),
): Promise<Result<Report | ComplexityReport>> {
  const sources = await givenSources('report', given);
  const { settings } = resolveSettings('report', sources);
  const { checkpoint, complexity } = settings;
  const paths = ((given['runs'] ?? []) as readonly unknown[]).map(String);
  if (complexity) {
    checkComplexity(sources);
    const opened = paths.length === 0 ? { runs: [], damaged: [] } : await openRuns(paths);
    const found = await complexityReport(opened, settings);
    const shown = [...chartLines(found), pageLine('the catalogue', found)];
    return { lines: shown, json: found, ...failure(found) };
  }
  if (paths.length === 0) throw new UsageError('Name the runs: cnn report <runs..>');
  if (checkpoint !== null && checkpoint !== 'best' && checkpoint !== 'last') {
    throw new UsageError(`Expected --checkpoint to be best or last but received "${checkpoint}"`);
  }
  const result = await report(paths, { ...settings, checkpoint }, sources, reporter);
  return { lines: lines(result), json: result, ...failure(result) };
}

function checkComplexity(sources: readonly SettingsSource[]): void {
  const told = sources.filter(({ source }) => source !== 'environment');
  const names = told.flatMap(({ values }) => Object.keys(values)) as OptionName[];
  const other = names.find(
    (name) => !OF_COMPLEXITY.includes(name) && strongest(name, told) !== undefined,
  );
  if (other !== undefined) {
    throw new UsageError(`--${other} does nothing to --complexity: leave one of them out`);
  }
}

function lines(result: Report): string[] {
  const { runs, unfinished, unranked, missing } = result;
  const what = runs.length === 1 ? (runs[0] as string) : `${runs.length} runs`;
  return [
    ...unfinished.map(({ run, state }) => (runs.length === 1 ? state : `${run}: ${state}`)),
    ...(unranked === null ? [] : [unranked]),
    ...(missing === null ? [] : [missing]),
    ...chartLines(result),
    pageLine(what, result),
  ];
}

/** The page is written all the same. */
function failure({ damaged }: Pick<Report, 'damaged'>): { error?: Error } {
  if (damaged.length === 0) return {};
  const what = damaged.length === 1 ? 'A run is damaged' : `${damaged.length} runs are damaged`;
  const list = damaged.map(({ run, why }) => `  ${run}: ${why}`).join('\n');
  return { error: new RunError(`${what} and left out:\n${list}`) };
}

function chartLines({ charts }: Pick<Report, 'charts'>): string[] {
  return charts.length === 0 ? [] : [`charts ${charts.join(' ')}`];
}

function pageLine(what: string, { output, bytes }: Pick<Report, 'output' | 'bytes'>): string {
  return `report of ${what}: ${output}, ${(bytes / 1e6).toFixed(1)} MB; open it in a browser`;
}
