import { counted } from '../../counted.js';
import { type CheckReport, checkDataset, type PartReport } from '../../data/check.js';
import { inspectDataset } from '../../data/open-dataset.js';
import { DataError } from '../../errors.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import { table } from '../../terminal/table.js';
import type { Result } from '../command.js';
import { required } from '../require.js';
import { duplicatesLine, reportDuplicates } from './duplicates.js';

/** Classes that are shown with their words. */
const SHOWN = 5;

export async function runDataCheck(given: Given): Promise<Result> {
  const reporter = createReporter();
  const { settings } = resolveSettings('data-check', await givenSources('data-check', given));
  const data = required(settings.data, '--data', '--data /data/imagenet');
  const found = await inspectDataset(data, reporter.note, settings.labels);
  const report = checkDataset(data, found);
  const duplicates =
    settings.duplicates && found.index !== undefined
      ? await reportDuplicates(found.index, settings, reporter)
      : undefined;
  const result = {
    lines: [...reportLines(report), ...(duplicates ? [duplicatesLine(duplicates)] : [])],
    json: { ...report, ...(duplicates && { duplicates }) },
  };
  const [first, ...more] = report.problems;
  if (first === undefined) return result;
  const message =
    more.length === 0
      ? first
      : `${report.problems.length} problems keep a network from being trained on ${data}, all listed above. The first: ${first}`;
  return { ...result, error: new DataError(message) };
}

function reportLines(report: CheckReport): string[] {
  const { root, layout, warnings, problems } = report;
  return [
    `${root}: ${layout ?? 'no dataset that can be read'}`,
    ...contentLines(report),
    ...warnings.map((warning) => `odd: ${warning}`),
    ...problems.map((problem) => `problem: ${problem}`),
  ];
}

function contentLines({ root, classes, channels, train, val, fingerprint }: CheckReport): string[] {
  if (train === null) return [];
  const parts =
    val === null
      ? [partRow(root, 'train', train)]
      : [partRow(root, 'train', train), partRow(root, 'val', val)];
  const colours = channels === null ? '' : `, ${channels === 1 ? 'grey' : 'colour'} images`;
  return [
    ...table(parts, { alignment: ['left', 'right', 'left', 'left'] }),
    ...classLines(classes, `${counted(classes.length, 'class', 'classes')}${colours}: `),
    `fingerprint ${fingerprint}`,
  ];
}

/** The first classes: in one line, or one on each where they have words. */
function classLines(classes: CheckReport['classes'], start: string): string[] {
  const shown = classes.slice(0, SHOWN);
  const more = classes.length > SHOWN ? [`and ${classes.length - SHOWN} more`] : [];
  if (shown.every(({ words }) => words === '')) {
    return [
      `${start}${[...shown.map(({ name }) => name), ...more].join(', ').replace(', and', ' and')}`,
    ];
  }
  const named = table(
    shown.map(({ name, words }) => [`  ${name}`, words]),
    { alignment: ['left', 'left'] },
  );
  return [start.trimEnd(), ...named, ...more.map((text) => `  ${text}`)];
}

function partRow(
  root: string,
  name: string,
  { path, images, classes, smallest, largest }: PartReport,
): string[] {
  const [least, most] = [smallest.images, largest.images];
  const each = least === most ? `${most} each` : `${least} to ${most} each`;
  return [
    name,
    images.toLocaleString('en'),
    `${images === 1 ? 'image' : 'images'} in ${counted(classes, 'class', 'classes')}, ${each}`,
    // `train`, or for a tar file what is inside it.
    path.startsWith(root) ? path.slice(root.length + 1) : path,
  ];
}
