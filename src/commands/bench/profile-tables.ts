/** A profile as tables of text. */
import type { ProfileReport, Work } from '../../measure/profile.js';
import { table } from '../../terminal/table.js';

/** Rows of the longest table; all are in `--json` and in the trace. */
const ROWS = 40;

const COLUMNS = [
  'ms',
  '%',
  'calls',
  'GFLOP/s',
  'of peak',
  'GB/s',
  'of peak',
  'floor ms',
  'reached',
];

export function profileLines(profile: ProfileReport): string[] {
  const { peaks, total, phases, kernels, layers, sums, milliseconds_per_step: step } = profile;
  const cells = (work: Work) => workCells(work, profile);
  const slowest = layers.toSorted((a, b) => b.milliseconds - a.milliseconds);
  const shown = slowest.slice(0, ROWS);
  const rest = slowest.slice(ROWS).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const others = step - total.milliseconds;
  return [
    '',
    `measured peaks: ${peaks.multiply_add_gflops.toFixed(0)} GFLOP/s of float32 multiply-adds, ` +
      `${peaks.matrix_product_gflops.toFixed(0)} GFLOP/s of a matrix product, ` +
      `${peaks.copy_gigabytes_per_second.toFixed(1)} GB/s of a memory copy, ` +
      `${peaks.update_gigabytes_per_second.toFixed(1)} GB/s of memory changed in place`,
    `floor: ${total.floor_milliseconds.toFixed(2)} ms, the sum over layers of the longer of computing and memory at these peaks; ` +
      `the step reaches ${percent(total.floor_milliseconds / step)} of it, its kernels ${percent(total.floor_milliseconds / total.milliseconds)}`,
    ...(sums
      ? [
          `sums over processes: ${(1000 * sums.gigabytes).toFixed(1)} MB of float32 a step, for which it waits ${sums.exposed_milliseconds.toFixed(2)} ms (${percent(sums.exposed_milliseconds / step)}); computing hides the rest`,
        ]
      : []),
    '',
    ...table(
      [
        ['phase', ...COLUMNS],
        ...phases.map((work) => [work.phase, ...cells(work)]),
        ['all kernels', ...cells(total)],
        ['between kernels', others.toFixed(2), percent(others / step)],
        ['step', step.toFixed(2)],
      ],
      { alignment: ['left'], leaveOut: [3, 7, 5, 8] },
    ),
    '',
    ...table(
      [
        ['kernel', 'phase', ...COLUMNS],
        ...kernels.map((work) => [work.kernel, work.phase, ...cells(work)]),
      ],
      { alignment: ['left', 'left'], leaveOut: [4, 8, 6, 9] },
    ),
    '',
    ...table(
      [
        ['layer', 'phase', 'kernel', ...COLUMNS, 'shapes'],
        ...shown.map((work) => [work.layer, work.phase, work.kernel, ...cells(work), work.shapes]),
      ],
      {
        alignment: ['left', 'left', 'left', ...COLUMNS.map(() => 'right' as const), 'left'],
        leaveOut: [5, 9, 7, 10, 6, 12],
      },
    ),
    ...(slowest.length > ROWS
      ? [`and ${slowest.length - ROWS} more rows, ${rest.toFixed(2)} ms in all: see --json`]
      : []),
  ];
}

function workCells(work: Work, { peaks, milliseconds_per_step }: ProfileReport): string[] {
  const { milliseconds, gflop, gigabytes, floor_milliseconds: floor } = work;
  const gflops = (1000 * gflop) / milliseconds;
  const gigabytesPerSecond = (1000 * gigabytes) / milliseconds;
  return [
    milliseconds.toFixed(2),
    percent(milliseconds / milliseconds_per_step),
    String(work.calls),
    gflop > 0 ? gflops.toFixed(0) : '',
    gflop > 0 ? percent(gflops / peaks.gflops) : '',
    gigabytesPerSecond.toFixed(1),
    percent(gigabytesPerSecond / peaks.gigabytes_per_second),
    floor.toFixed(2),
    percent(floor / milliseconds),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
