import { UsageError } from '../errors.js';
import { type Report, report } from '../report/report.js';
import { type Given, givenSources } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';

export async function runReport(
  given: Given,
  reporter = createReporter(),
): Promise<Result<Report>> {
  const sources = await givenSources('report', given);
  const { settings } = resolveSettings('report', sources);
  const { checkpoint } = settings;
  if (checkpoint !== null && checkpoint !== 'best' && checkpoint !== 'last') {
    throw new UsageError(`Expected --checkpoint to be best or last but received "${checkpoint}"`);
  }
  const paths = (given['runs'] as readonly unknown[]).map(String);
  const result = await report(paths, { ...settings, checkpoint }, sources, reporter);
  return { lines: lines(result), json: result };
}

function lines({ output, bytes, runs, unfinished, unranked, missing, charts }: Report): string[] {
  const what = runs.length === 1 ? runs[0] : `${runs.length} runs`;
  return [
    ...unfinished.map(({ run, state }) => (runs.length === 1 ? state : `${run}: ${state}`)),
    ...(unranked === null ? [] : [unranked]),
    ...(missing === null ? [] : [missing]),
    ...(charts.length === 0 ? [] : [`charts ${charts.join(' ')}`]),
    `report of ${what}: ${output}, ${(bytes / 1e6).toFixed(1)} MB; open it in a browser`,
  ];
}
