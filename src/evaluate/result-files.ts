/** The CSV files of an evaluation; each row names the protocol of its numbers. */
import { createObjectCsvStringifier } from 'csv-writer/dist/index.js';
import { UsageError } from '../errors.js';
import type { Settings } from '../settings/types.js';
import { checkWritable, writeOutput } from '../system/files.js';
import { KEPT, type Outcomes } from './outcomes.js';
import { wilson } from './statistics.js';

/** What one protocol says of each image of a split. */
export interface ProtocolOutcomes {
  readonly protocol: string;
  readonly outcomes: Outcomes;
}

/** The split that they are of. */
export interface Named {
  readonly classes: readonly string[];
  /** Image by its number, below the root of the dataset. */
  readonly nameOf: (image: number) => string;
  /** Why an image could not be read. */
  readonly reasonOf: (image: number) => string | undefined;
}

type FileSettings = Pick<Settings<'eval'>, 'predictions' | 'perClass' | 'confusion'>;

export const PREDICTION_COLUMNS = [
  'protocol',
  'image',
  'label',
  ...Array.from({ length: KEPT }, (_, place) => `top${place + 1}`),
  'probability',
  'rank',
  'loss',
  'error',
] as const;

type Row = Readonly<Record<string, string | number>>;

const FILES = [
  {
    setting: 'predictions',
    flag: '--predictions',
    rows: predictionRows,
    columns: PREDICTION_COLUMNS,
  },
  {
    setting: 'perClass',
    flag: '--per-class',
    rows: classRows,
    columns: [
      'protocol',
      'class',
      'images',
      'top1',
      'top1_low',
      'top1_high',
      'top5',
      'predicted',
      'precision',
    ],
  },
  {
    setting: 'confusion',
    flag: '--confusion',
    rows: confusionRows,
    columns: ['protocol', 'label', 'prediction', 'images'],
  },
] as const;

/** Throws where a file could not be written, so that this is known before the evaluation. */
export async function checkResultFiles(settings: FileSettings): Promise<void> {
  const given = FILES.filter(({ setting }) => settings[setting] !== null);
  for (const { setting, flag } of given) {
    const path = settings[setting] as string;
    const other = given.find((file) => file.flag !== flag && settings[file.setting] === path);
    if (other !== undefined) {
      throw new UsageError(
        `Expected different files for ${flag} and ${other.flag} but both are ${path}`,
      );
    }
    await checkWritable(path, flag);
  }
}

/** Whether any of them is asked for. */
export function wantsResultFiles(settings: FileSettings): boolean {
  return FILES.some(({ setting }) => settings[setting] !== null);
}

/** Writes the files that are asked for. */
export async function writeResultFiles(
  settings: FileSettings,
  results: readonly ProtocolOutcomes[],
  named: Named,
): Promise<void> {
  for (const { setting, rows, columns } of FILES) {
    const path = settings[setting];
    if (path === null) continue;
    await writeOutput(
      path,
      csvOf(
        columns,
        results.flatMap((result) => rows(result, named)),
      ),
    );
  }
}

/** Rows as CSV, under their columns. */
export function csvOf(columns: readonly string[], rows: readonly Row[]): string {
  const csv = createObjectCsvStringifier({ header: columns.map((id) => ({ id, title: id })) });
  return `${csv.getHeaderString()}${rows.length === 0 ? '' : csv.stringifyRecords(rows)}`;
}

function predictionRows(
  { protocol, outcomes }: ProtocolOutcomes,
  { classes, nameOf, reasonOf }: Named,
): Row[] {
  return Array.from(outcomes.labels, (label, image): Row => {
    const about = { protocol, image: nameOf(image), label: classes[label] as string };
    const rank = outcomes.rank[image] as number;
    if (rank < 0) return { ...about, error: reasonOf(image) ?? 'it could not be read' };
    const top = outcomes.topOf(image).map((guess, place) => [`top${place + 1}`, classes[guess]]);
    return {
      ...about,
      ...Object.fromEntries(top),
      probability: (outcomes.probability[image] as number).toFixed(6),
      rank: rank + 1,
      loss: (outcomes.loss[image] as number).toFixed(6),
    };
  });
}

function classRows({ protocol, outcomes }: ProtocolOutcomes, { classes }: Named): Row[] {
  const percent = (part: number, whole: number) =>
    whole === 0 ? '' : ((100 * part) / whole).toFixed(3);
  return outcomes.byClass(classes.length).map(({ images, top1, top5, predicted }, label) => {
    const [low, high] = wilson(top1, images).map((bound) => bound.toFixed(3)) as [string, string];
    return {
      ...{ protocol, class: classes[label] as string, images },
      ...{
        top1: percent(top1, images),
        top1_low: low,
        top1_high: high,
        top5: percent(top5, images),
      },
      ...{ predicted, precision: percent(top1, predicted) },
    };
  });
}

/** Only pairs that occur: a thousand classes have a million of them. */
function confusionRows({ protocol, outcomes }: ProtocolOutcomes, { classes }: Named): Row[] {
  const counts = new Map<number, number>();
  for (const [image, label] of outcomes.labels.entries()) {
    const [guess] = outcomes.topOf(image);
    if (guess === undefined) continue;
    const pair = label * classes.length + guess;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([pair, images]) => ({
      protocol,
      label: classes[Math.floor(pair / classes.length)] as string,
      prediction: classes[pair % classes.length] as string,
      images,
    }));
}
