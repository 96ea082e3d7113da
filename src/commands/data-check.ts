import { relative } from 'node:path';
import { type CheckReport, checkIndex, type PartReport } from '../data/check.js';
import { findIndex } from '../data/open-dataset.js';
import { DataError } from '../errors.js';
import type { Given } from '../settings/given.js';
import type { Result } from './command.js';
import { createReporter } from './progress.js';
import { table } from './table.js';

/** Classes that are shown with their words. */
const SHOWN = 5;

export async function runDataCheck(given: Given): Promise<Result> {
  const data = String(given['data']);
  const report = checkIndex(data, await findIndex(data, createReporter().note));
  const result = { lines: reportLines(report), json: report };
  const [problem] = report.problems;
  return problem === undefined ? result : { ...result, error: new DataError(problem) };
}

function reportLines({ root, layout, classes, channels, ...report }: CheckReport): string[] {
  const { train, val, fingerprint, warnings } = report;
  const parts =
    val === null
      ? [partRow(root, 'train', train)]
      : [partRow(root, 'train', train), partRow(root, 'val', val)];
  return [
    `${root}: ${layout}`,
    ...table(parts, { alignment: ['left', 'right', 'left', 'left'] }),
    ...classLines(
      classes,
      `${classes.length} classes, ${channels === 1 ? 'grey' : 'colour'} images: `,
    ),
    `fingerprint ${fingerprint}`,
    ...warnings.map((warning) => `odd: ${warning}`),
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
    `images in ${classes} classes, ${each}`,
    relative(root, path),
  ];
}
