import { readFile } from 'node:fs/promises';
import { createObjectCsvWriter } from 'csv-writer/dist/index.js';
import { DataError } from '../errors.js';
import { withPath, writeAtomically } from '../system/files.js';
import { hasCode } from '../system/system-errors.js';

/**
 * The columns of summary.csv: those of timm, then ours. Accuracies in percent. Programs that draw
 * runs look for `step`; `steps` is the same number under its name of the first runs.
 */
export const COLUMNS = [
  'epoch',
  'step',
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
/** The columns of the first runs. */
const FIRST_COLUMNS: readonly string[] = COLUMNS.filter((column) => column !== 'step');

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

/**
 * The rows of a summary, by the names of their columns; none where there is no summary. A column
 * that holds no number is left out.
 */
export async function readSummary(file: string): Promise<Partial<Row>[]> {
  const text = await readText(file);
  const [header = '', ...lines] = text.split('\n');
  const columns = header.split(',');
  const rows = lines.map((line) => line.split(','));
  return rows
    .filter(({ length }) => length === columns.length)
    .map((row) => {
      const entries = row.map((text, index) => [columns[index] ?? '', Number(text)] as const);
      return Object.fromEntries(entries.filter(([, value]) => Number.isFinite(value)));
    });
}

/** Drops the rows after an epoch, which a resumed run writes again, and adds columns of today. */
export async function truncateSummary(file: string, lastEpoch: number): Promise<void> {
  const text = await readText(file);
  const [header = '', ...lines] = text.split('\n');
  const columns = [COLUMNS as readonly string[], FIRST_COLUMNS].find(
    (names) => names.join(',') === header,
  );
  if (columns === undefined) {
    throw new DataError(`Expected ${file} to begin with the columns ${HEADER.trim()}`);
  }
  const rows = lines.map((line) => line.split(','));
  const kept = rows.filter(([epoch = '', ...rest]) => {
    // A full disk cuts the last row off, perhaps within the number of its epoch.
    return rest.length + 1 === columns.length && Number.parseInt(epoch, 10) <= lastEpoch;
  });
  const places = COLUMNS.map((column) =>
    columns.indexOf(column === 'step' && !columns.includes(column) ? 'steps' : column),
  );
  const texts = kept.map((row) => `${places.map((place) => row[place]).join(',')}\n`);
  await writeAtomically(file, HEADER + texts.join(''));
}

/** The text of a summary; a header alone where the file is gone. */
async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error) => {
    if (hasCode(error, 'ENOENT')) return HEADER;
    throw error;
  });
}
