/** Whether two runs are the same in all but names and times. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { NOT_STORED } from '../train.js';

/** Columns of summary.csv, and fields of a row or of the progress, that measure time. */
const TIMES = ['images_per_second', 'data_wait_percent', 'seconds'];
const BYTES = ['model.json', 'weights.bin', 'optimizer.bin'];

interface CompareOptions {
  /**
   * By default all bytes of the checkpoints are read. Else the hashes count that the last one has of
   * what was written.
   */
  readonly byHash?: boolean;
}

/** The files of two runs that differ. */
export async function differences(
  run: string,
  other: string,
  { byHash = false }: CompareOptions = {},
): Promise<string[]> {
  const differing: string[] = [];
  const check = async (file: string, read: (path: string) => Promise<unknown>) => {
    const [a, b] = [await read(join(run, file)), await read(join(other, file))];
    if (!isDeepStrictEqual(a, b)) differing.push(file);
  };
  for (const name of byHash ? ['last'] : ['last', 'best']) {
    const place = join('checkpoints', name);
    for (const file of byHash ? [] : BYTES) await check(join(place, file), readFile);
    await check(join(place, 'state.json'), timelessState);
  }
  await check('summary.csv', timelessSummary);
  await check('run.json', timelessRecord);
  return differing;
}

async function timelessState(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'), (key, value) => {
    return TIMES.includes(key) ? undefined : value;
  });
}

async function timelessSummary(file: string): Promise<string[][]> {
  const [header = [], ...rows] = (await readFile(file, 'utf8'))
    .split('\n')
    .map((line) => line.split(','));
  const kept = header.flatMap((column, index) => (TIMES.includes(column) ? [] : [index]));
  return [header, ...rows].map((row) => kept.map((index) => row[index] ?? ''));
}

/** Without when and how often it was started, and the settings of one start. */
async function timelessRecord(file: string): Promise<unknown> {
  const record = JSON.parse(await readFile(file, 'utf8'), (key, value) => {
    return ['started', 'resumed', 'time'].includes(key) ? undefined : value;
  });
  const settings = Object.entries<{ value: unknown }>(record.settings)
    .filter(([name]) => !(NOT_STORED as readonly string[]).includes(name))
    .map(([name, { value }]) => [name, value]);
  return { ...record, settings };
}
