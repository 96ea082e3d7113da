import { readFile } from 'node:fs/promises';
import { createObjectCsvWriter } from 'csv-writer/dist/index.js';
import { DataError } from '../errors.js';
import { withPath, writeAtomically } from '../system/files.js';
import { hasCode } from '../system/system-errors.js';

/** The columns of summary.csv: those of timm, then ours. Accuracies in percent. */
export const COLUMNS = [
  'epoch',
  'train_loss',
  'eval_loss',
  'eval_top1',
  'eval_top5',
  'lr',
  'train_top1',
  'train_top5',
  'images_per_second',
  'data_wait_percent',
  'seconds',
  'steps',
] as const;

export type Row = Readonly<Record<(typeof COLUMNS)[number], number>>;

const HEADER = `${COLUMNS.join(',')}\n`;

/** Digits after the point; the other columns are written as they are. */
const DIGITS: Partial<Record<keyof Row, number>> = {
  train_loss: 6,
  eval_loss: 6,
  eval_top1: 3,
  eval_top5: 3,
  train_top1: 3,
  train_top5: 3,
  images_per_second: 1,
  data_wait_percent: 1,
  seconds: 2,
};

/** Starts a summary with its header. */
export async function startSummary(file: string): Promise<void> {
  await writeAtomically(file, HEADER);
}

export async function appendRow(file: string, row: Row): Promise<void> {
  const header = COLUMNS.map((id) => ({ id, title: id }));
  const record = Object.fromEntries(
    COLUMNS.map((column) => {
      const digits = DIGITS[column];
      return [column, digits === undefined ? row[column] : row[column].toFixed(digits)];
    }),
  );
  const writer = createObjectCsvWriter({ path: file, header, append: true });
  await writer.writeRecords([record]).catch((error) => {
    throw withPath(error, file);
  });
}

/** Drops the rows after an epoch: a resumed run writes them again. */
export async function truncateSummary(file: string, lastEpoch: number): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (hasCode(error, 'ENOENT')) return HEADER;
    throw error;
  });
  if (!text.startsWith(HEADER)) {
    throw new DataError(`Expected ${file} to begin with the columns ${HEADER.trim()}`);
  }
  const rows = text.slice(HEADER.length).split('\n');
  const kept = rows.filter((row) => {
    // A full disk cuts the last row off, perhaps within the number of its epoch.
    return row.split(',').length === COLUMNS.length && Number.parseInt(row, 10) <= lastEpoch;
  });
  await writeAtomically(file, HEADER + kept.map((row) => `${row}\n`).join(''));
}
