import { createObjectCsvStringifier } from 'csv-writer/dist/index.js';
import { UsageError } from '../errors.js';
import { readSummary } from '../runs/csv.js';
import { type Difference, differencesOf } from '../runs/diff.js';
import { findRun, readRecord } from '../runs/run-directory.js';
import type { Given } from '../settings/given.js';
import { givenSources } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { table } from '../terminal/table.js';
import type { Result } from './command.js';

export async function runDiff(given: Given): Promise<Result> {
  const { csv } = resolveSettings('diff', await givenSources('diff', given)).settings;
  if (csv && given['json'] === true) throw new UsageError('Expected --csv or --json, not both');
  const paths = given['runs'] as readonly string[];
  const [first, second] = paths;
  if (first === undefined || second === undefined || paths.length > 2) {
    throw new UsageError(`Expected two runs but received ${paths.length}: ${paths.join(' ')}`);
  }
  const [a, b] = [await openRun(first), await openRun(second)];
  const found = differencesOf(a, b);
  const json = { runs: [a.path, b.path], differences: found.map(fact) };
  if (csv) return { lines: csvLines(found, [a.path, b.path]), json };
  if (found.length === 0) return { lines: [`${a.path} and ${b.path} do not differ`], json };
  const rows = found.map(({ section, name, values }) => [section, name, ...values.map(text)]);
  const header = ['section', 'name', a.path, b.path];
  return { lines: table([header, ...rows], { alignment: ['left', 'left', 'left', 'left'] }), json };
}

async function openRun(path: string) {
  const run = await findRun(path);
  return { path: run.path, record: await readRecord(run), rows: await readSummary(run.summary) };
}

function fact({ section, name, values: [a = null, b = null] }: Difference) {
  return { section, name, a, b };
}

function csvLines(found: readonly Difference[], paths: readonly [string, string]): string[] {
  const titles = { section: 'section', name: 'name', a: paths[0], b: paths[1] };
  const header = Object.entries(titles).map(([id, title]) => ({ id, title }));
  const stringifier = createObjectCsvStringifier({ header });
  const records = found.map(({ section, name, values }) => {
    const [a, b] = values.map(text);
    return { section, name, a, b };
  });
  return `${stringifier.getHeaderString()}${stringifier.stringifyRecords(records)}`
    .trimEnd()
    .split('\n');
}

/** A value as a cell; a list of names of classes would not fit. */
function text(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'number') return String(Number(value.toPrecision(7)));
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.length > 3) return `${value.length} values`;
  return Array.isArray(value) ? value.join(',') : JSON.stringify(value);
}
