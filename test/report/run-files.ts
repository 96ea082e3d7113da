/** Runs as files alone, without a training. */
import { mkdir, writeFile } from 'node:fs/promises';
import { COLUMNS } from '../../src/runs/csv.js';
import { type RunRecord, runDirectory } from '../../src/runs/run-directory.js';

/** Values of settings, each as somebody's flag. */
export type Values = Readonly<Record<string, string | number | boolean | null>>;

export function recordOf(values: Values = {}, more: Partial<RunRecord> = {}): RunRecord {
  const all = { arch: 'lenet5', epochs: 2, 'input-size': 28, channels: 1, ...values };
  const settings = Object.entries(all).map(([name, value]) => [name, { value, source: 'flag' }]);
  return {
    settings: Object.fromEntries(settings),
    started: '2026-01-02T03:04:05.000Z',
    versions: { cnn: '0' },
    hardware: { cpu: 'a processor' },
    backend: { name: 'cpu', precision: 'f32', threads: 1, why: 'asked for' },
    data: {
      ...{ name: 'digits', root: '/nowhere', layout: 'folders', fingerprint: 'a'.repeat(64) },
      ...{ training: 20, validation: 10, classes: Array.from('0123456789') },
    },
    resumed: [],
    ...more,
  };
}

/** Rows by the names of their columns, as summary.csv has them; a missing value is an empty cell. */
export type Rows = readonly Readonly<Record<string, number | string>>[];

export const ROWS: Rows = [90.25, 91.5].map((top1, at) => ({
  ...{ epoch: at + 1, step: 10 * (at + 1), train_loss: 0.5, eval_loss: 0.4, eval_top1: top1 },
  ...{ eval_top5: 99, lr: 0.1, train_top1: 90, train_top5: 99, images_per_second: 1000 },
  ...{ data_wait_percent: 3, seconds: 1, steps: 10 * (at + 1) },
}));

export async function writeRun(
  path: string,
  record: RunRecord = recordOf(),
  rows: Rows = ROWS,
  columns: readonly string[] = COLUMNS,
): Promise<void> {
  const run = runDirectory(path);
  await mkdir(path, { recursive: true });
  await writeFile(run.record, JSON.stringify(record));
  const lines = rows.map((row) => columns.map((column) => row[column] ?? '').join(','));
  await writeFile(run.summary, [columns.join(','), ...lines, ''].join('\n'));
}
