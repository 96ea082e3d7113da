/** What the comparisons with other programs share: running both sides and keeping the results. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createObjectCsvWriter } from 'csv-writer/dist/index.js';
import { PACKAGE_ROOT } from '../src/package-root.js';

export const hardware = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`;

export function warnOfLoad(): void {
  const [load = 0] = loadavg();
  if (load <= 0.5) return;
  console.error(`Load ${load.toFixed(1)}: this machine is not quiet, which distorts both sides`);
}

/** Runs a program that prints one JSON value. */
export function run<T>(program: string, args: readonly string[]): T {
  const done = spawnSync(program, args, { cwd: PACKAGE_ROOT, encoding: 'utf8' });
  if (done.error || done.status !== 0) throw new Error(describeFailure(program, args, done));
  return JSON.parse(done.stdout) as T;
}

function describeFailure(
  program: string,
  args: readonly string[],
  { error, stderr }: SpawnSyncReturns<string>,
): string {
  const reason = error === undefined ? stderr.trim() : error.message;
  return `${reason}\nThis failed: ${program} ${args.join(' ')}`;
}

/** Appends rows to bench/results/<name>.csv, whose path it returns. */
export async function append(
  name: string,
  columns: readonly string[],
  rows: readonly object[],
): Promise<string> {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  await appendTo(fileURLToPath(new URL(`${name}.csv`, folder)), columns, rows);
  return `bench/results/${name}.csv`;
}

/** Appends rows to a CSV file. */
export async function appendTo(
  path: string,
  columns: readonly string[],
  rows: readonly object[],
): Promise<void> {
  const header = columns.map((id) => ({ id, title: id }));
  await createObjectCsvWriter({ path, header, append: existsSync(path) }).writeRecords([
    ...rows,
  ] as Record<string, unknown>[]);
}

/** The last commit that changed what is measured, marked where files differ from it. */
export function commit(): string {
  // Where there is no git, as on a machine that bench/gpu/run measures, the packer said it.
  const packed = process.env['CNN_COMMIT'];
  if (packed !== undefined) return packed;
  const measured = ['--', 'src', 'native', 'package-lock.json'];
  const [hash = ''] = git('log', '-1', '--format=%h', '--abbrev=7', ...measured);
  if (hash === '') return 'unknown';
  return git('status', '--porcelain', ...measured).length > 0 ? `${hash}-dirty` : hash;
}

function git(...args: string[]): string[] {
  const { stdout } = spawnSync('git', args, { cwd: PACKAGE_ROOT, encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter((line) => line !== '');
}

export function version(): string {
  const text = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Runs a comparison; an error is told in one line. */
export async function main(compare: () => Promise<void>): Promise<void> {
  try {
    await compare();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
