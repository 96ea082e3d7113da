import { lstat, open } from 'node:fs/promises';
import { DataError } from '../errors.js';
import { replaceFile, withPath } from '../system/files.js';
import { readRegularFile } from '../system/read-file.js';
import { hasCode, systemReason } from '../system/system-errors.js';

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

/** Of the averaged weights, after the others in a run with --ema-decay. */
const AVERAGE_COLUMNS = ['ema_loss', 'ema_top1', 'ema_top5'] as const;

/** Of half a million epochs. */
const MOST_BYTES = 2 ** 26;

export type Row = Readonly<
  Record<(typeof COLUMNS)[number], number> & {
    [C in (typeof AVERAGE_COLUMNS)[number]]?: number;
  }
>;

/** The columns of a run. */
function columnsOf(averages: boolean): readonly (keyof Row)[] {
  return averages ? [...COLUMNS, ...AVERAGE_COLUMNS] : COLUMNS;
}

function headerOf(averages: boolean): string {
  return `${columnsOf(averages).join(',')}\n`;
}
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
  ema_loss: 6,
  ema_top1: 3,
  ema_top5: 3,
  images_per_second: 1,
  data_wait_percent: 1,
  seconds: 2,
};

/** Starts a summary with its header; `averages`: with the columns of averaged weights. */
export async function startSummary(file: string, averages = false): Promise<void> {
  await replaceFile(file, headerOf(averages));
}

/** A row as a checkpoint keeps it: JSON has null for what is no number. */
export type StoredRow = Readonly<Record<string, number | null>>;

/** Adds a row; `before` are all rows of the run before it, which a file that was removed gets again. */
export async function appendRow(
  file: string,
  row: Row,
  before: readonly StoredRow[] = [],
): Promise<void> {
  const averages = 'ema_loss' in row;
  if (!(await hasContent(file))) {
    await replaceFile(file, textOf([...before, row], averages));
    return;
  }
  const handle = await open(file, 'a');
  try {
    await handle.writeFile(lineOf(row, columnsOf(averages)));
    await handle.sync();
  } catch (error) {
    throw withPath(error, file);
  } finally {
    await handle.close();
  }
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
      const entries = row.map((text, index) => {
        return [columns[index] ?? '', text.trim() === '' ? Number.NaN : Number(text)] as const;
      });
      return Object.fromEntries(entries.filter(([, value]) => Number.isFinite(value)));
    });
}

/**
 * What is wrong with a summary, in words; undefined where nothing is. While a run is `written` to,
 * its last line may be on its way.
 */
export async function summaryProblem(file: string, written: boolean): Promise<string | undefined> {
  if (!(await hasContent(file))) return 'there is none, or it is empty';
  const text = await readText(file);
  const lines = text.split('\n');
  const last = lines.pop();
  const [header = last ?? '', ...rows] = lines;
  const columns = header.split(',');
  if (!columns.includes('epoch')) return 'line 1 does not name the columns';
  for (const [at, row] of rows.entries()) {
    const cells = row.split(',');
    const where = `line ${at + 2}`;
    if (cells.length !== columns.length) {
      return `${where} has ${cells.length} of ${columns.length} columns`;
    }
    const odd = cells.find((cell) => Number.isNaN(Number(cell)) && cell !== 'NaN');
    if (odd !== undefined) return `${where} has "${odd}" where a number is expected`;
  }
  return last === '' || written ? undefined : `line ${rows.length + 2} is cut off`;
}

/**
 * Makes a summary hold the rows that a checkpoint keeps, and no others: a resumed run writes those
 * of later epochs again. Whether any of them was missing or changed.
 */
export async function restoreSummary(
  file: string,
  rows: readonly StoredRow[],
  averages = false,
): Promise<boolean> {
  const wanted = textOf(rows, averages);
  const found = (await hasContent(file)) ? await readText(file) : '';
  if (found !== wanted) await replaceFile(file, wanted);
  return !found.startsWith(wanted);
}

/** Whether there is a file to append to; a link is none, because rows must not go where it leads. */
async function hasContent(file: string): Promise<boolean> {
  return lstat(file).then(
    (stats) => stats.isFile() && stats.size > 0,
    (error) => {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    },
  );
}

function textOf(rows: readonly StoredRow[], averages: boolean): string {
  const columns = columnsOf(averages);
  return headerOf(averages) + rows.map((row) => lineOf(row, columns)).join('');
}

function lineOf(row: StoredRow, columns: readonly (keyof Row)[]): string {
  const cells = columns.map((column) => {
    const [value, digits] = [row[column] ?? Number.NaN, DIGITS[column]];
    return digits === undefined ? String(value) : value.toFixed(digits);
  });
  return `${cells.join(',')}\n`;
}

/**
 * The same for the first runs, whose checkpoints keep no rows: drops the rows after an epoch, and adds
 * columns of today.
 */
export async function truncateSummary(
  file: string,
  lastEpoch: number,
  averages = false,
): Promise<void> {
  const today: readonly string[] = columnsOf(averages);
  const text = await readText(file, averages);
  const [header = '', ...lines] = text.split('\n');
  const columns = [today, FIRST_COLUMNS].find((names) => names.join(',') === header);
  if (columns === undefined) {
    throw new DataError(`Expected ${file} to begin with the columns ${today}`);
  }
  const rows = lines.map((line) => line.split(','));
  const kept = rows.filter(([epoch = '', ...rest]) => {
    // A full disk cuts the last row off, perhaps within the number of its epoch.
    return rest.length + 1 === columns.length && Number.parseInt(epoch, 10) <= lastEpoch;
  });
  const places = today.map((column) =>
    columns.indexOf(column === 'step' && !columns.includes(column) ? 'steps' : column),
  );
  const texts = kept.map((row) => `${places.map((place) => row[place]).join(',')}\n`);
  await replaceFile(file, headerOf(averages) + texts.join(''));
}

/** The text of a summary; a header alone where the file is gone. */
async function readText(file: string, averages = false): Promise<string> {
  try {
    return (await readRegularFile(file, MOST_BYTES)).toString();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return headerOf(averages);
    throw new DataError(`Cannot read ${file}: ${systemReason(error)}`, { cause: error });
  }
}
