/** The part of `cnn data check --duplicates`: pairs of images as a CSV and as a contact sheet. */
import { availableParallelism } from 'node:os';
import { AS_PILLOW } from '../../data/decode/decode-options.js';
import type { FoundIndex, IndexedSplit } from '../../data/indexed-dataset.js';
import { count } from '../../data/layouts/names.js';
import { type Duplicate, duplicatesCsv, findDuplicates } from '../../data/passes/duplicates.js';
import { DataError } from '../../errors.js';
import type { Reporter } from '../../session/reporter.js';
import { checkWritable, writeOutput } from '../../system/files.js';
import { drawSheet, sheetBeside } from './image-sheet.js';

/** Pairs that are drawn; the CSV has all. */
const DRAWN = 60;
const PAIRS_IN_A_ROW = 3;

export interface DuplicatesReport {
  readonly exact: number;
  readonly near: number;
  readonly file: string;
  /** Null where there is nothing to draw. */
  readonly sheet: string | null;
}

export async function reportDuplicates(
  index: FoundIndex,
  { out, workers }: { readonly out: string | null; readonly workers: number | null },
  reporter: Reporter,
): Promise<DuplicatesReport> {
  const { train, val } = index;
  if (val === undefined) {
    throw new DataError(
      `${index.root} has no validation images that could be among the training images: leave out --duplicates.`,
    );
  }
  const file = out ?? 'duplicates.csv';
  const sheet = sheetBeside(file);
  await checkWritable(file, '--out');
  reporter.begin('duplicates', train.images.length + val.images.length);
  const options = { reading: AS_PILLOW, workers: workers ?? availableParallelism() };
  const pairs = await findDuplicates(train, val, options, reporter.advance).finally(reporter.end);
  await writeOutput(file, duplicatesCsv(index, train, val, pairs));
  if (pairs.length > 0) await writeOutput(sheet, await draw(index, train, val, pairs));
  const exact = pairs.filter(({ kind }) => kind === 'exact').length;
  return { exact, near: pairs.length - exact, file, sheet: pairs.length > 0 ? sheet : null };
}

/** The first pairs side by side, each image with its part and class. */
function draw(
  { classes, strangers }: FoundIndex,
  train: IndexedSplit,
  val: IndexedSplit,
  pairs: readonly Duplicate[],
): Promise<Buffer> {
  const names = [...classes, ...strangers];
  const shown = pairs.slice(0, DRAWN).flatMap((pair) => {
    const parts = [
      ['train', train],
      ['val', val],
    ] as const;
    return parts.map(([part, { images, labels }]) => {
      return { images, index: pair[part], text: `${part}: ${names[labels[pair[part]] as number]}` };
    });
  });
  return drawSheet(shown, 2 * PAIRS_IN_A_ROW);
}

/** What is said of them. */
export function duplicatesLine({ exact, near, file, sheet }: DuplicatesReport): string {
  if (sheet === null) return 'No training image is a validation image too.';
  return `Images of both parts: ${count(exact, 'pair')} the same, ${near.toLocaleString('en')} nearly so, in ${file} and ${sheet}`;
}
