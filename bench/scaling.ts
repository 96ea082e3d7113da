/**
 * A model of training on many nodes: the measured time of each layer on this machine, and the sums of
 * gradients by SimGrid's replay of their messages. Writes bench/results/scaling.csv, a plot beside it
 * and the tables of docs/scaling.md.
 *
 *     npx tsx bench/scaling.ts
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ProfileReport } from '../src/measure/profile.js';
import { PACKAGE_ROOT } from '../src/package-root.js';
import { append, commit, hardware, main, warnOfLoad } from './rounds.js';
import { cnn, measuredStep } from './scaling/measured-step.js';
import { simulateSum } from './scaling/simgrid.js';
import { type TrainingStep, timeStep } from './scaling/training-step.js';
import { replaceBetweenMarkers } from './table.js';

const USAGE = `npx tsx bench/scaling.ts [options]

  --arch NAME       may be given several times; default resnet50, vgg16, alexnet and googlenet
  --precision P     f32 (default) or bf16
  --steps N         measured of each network; default 5`;

/** Images of a node in a step: a batch at which the networks train at their full speed here. */
const BATCHES: Readonly<Record<string, number>> = { vgg16: 8, alexnet: 64 };
const BATCH = 16;

const NETWORKS = ['resnet50', 'vgg16', 'alexnet', 'googlenet'];
const GIGABITS = [10, 25, 100, 400];
const MICROSECONDS = 5;
/** Of all processes to all others: more of them take SimGrid minutes. */
const SIMULATED = [8, 16, 32, 64, 128];
const EXTENDED = [256, 512, 1024];
/** Two sizes, between and beyond which the time is a line. */
const SIZES = [4 * 2 ** 20, 64 * 2 ** 20] as const;
/** How many times as fast as this machine a node is taken to be. */
const SPEEDS = [1, 16];

// biome-ignore format: a table
const COLUMNS = [
  'commit', 'hardware', 'arch', 'precision', 'batch_size', 'speed', 'gigabits', 'nodes', 'sum',
  'milliseconds_per_step', 'exposed_milliseconds', 'efficiency', 'images_per_second',
] as const;

function measure(arch: string, precision: string, steps: string): TrainingStep {
  const batch = String(BATCHES[arch] ?? BATCH);
  const { profile } = cnn<{ profile: ProfileReport }>(
    ...['bench', 'train', '--arch', arch, '--aux-weight', '0', '--batch-size', batch],
    ...['--precision', precision, '--steps', steps, '--profile'],
  );
  return measuredStep(arch, profile);
}

/** The same on a node that is so many times as fast. */
function faster({ before, backward, after }: TrainingStep, speed: number): TrainingStep {
  return {
    before: before / speed,
    backward: backward.map(({ milliseconds, weights }) => {
      return { milliseconds: milliseconds / speed, weights };
    }),
    after: after / speed,
  };
}

interface Sum {
  readonly gigabits: number;
  readonly nodes: number;
  /** Where the time is from. */
  readonly from: 'simulated' | 'extended';
  readonly of: (bytes: number) => number;
}

/** The time of a sum is a line in its bytes, and beyond what is simulated that of the most nodes. */
function sums(): Sum[] {
  return GIGABITS.flatMap((gigabits) => {
    const simulated = SIMULATED.map((nodes): Sum => {
      const cluster = { nodes, gigabits, microseconds: MICROSECONDS };
      const [small, large] = SIZES.map((bytes) => simulateSum(cluster, bytes)) as [number, number];
      const slope = (large - small) / (SIZES[1] - SIZES[0]);
      console.error(`${gigabits} Gbit/s, ${nodes} nodes: 4 MiB in ${small.toFixed(2)} ms`);
      const of = (bytes: number) => small + slope * (bytes - SIZES[0]);
      return { gigabits, nodes, from: 'simulated', of };
    });
    const { of } = simulated.at(-1) as Sum;
    return [
      ...simulated,
      ...EXTENDED.map((nodes): Sum => ({ gigabits, nodes, from: 'extended', of })),
    ];
  });
}

interface Point {
  readonly arch: string;
  readonly batch_size: number;
  readonly speed: number;
  readonly gigabits: number;
  readonly nodes: number;
  readonly sum: Sum['from'];
  readonly milliseconds_per_step: number;
  readonly exposed_milliseconds: number;
  /** Of the images per second of as many nodes that tell each other nothing. */
  readonly efficiency: number;
  readonly images_per_second: number;
}

function pointsOf(arch: string, measured: TrainingStep, found: readonly Sum[]): Point[] {
  const batch = BATCHES[arch] ?? BATCH;
  return SPEEDS.flatMap((speed) => {
    const step = faster(measured, speed);
    const alone = timeStep(step, () => 0).milliseconds;
    return found.map(({ gigabits, nodes, from, of }) => {
      const { milliseconds, exposed } = timeStep(step, of);
      return {
        ...{ arch, batch_size: batch, speed, gigabits, nodes, sum: from },
        milliseconds_per_step: milliseconds,
        exposed_milliseconds: exposed,
        efficiency: alone / milliseconds,
        images_per_second: (1000 * batch * nodes) / milliseconds,
      };
    });
  });
}

/** A row for each network and link, of the efficiency by the number of nodes. */
function table(points: readonly Point[]): string {
  const nodes = [...SIMULATED, ...EXTENDED];
  const head = ['network', 'images a node', 'Gbit/s', ...nodes.map((count) => `${count} nodes`)];
  const rows = NETWORKS.flatMap((arch) =>
    GIGABITS.map((gigabits) => {
      const row = points.filter((point) => point.arch === arch && point.gigabits === gigabits);
      const percents = nodes.map((count) => {
        const point = row.find((one) => one.nodes === count);
        return point === undefined ? '' : `${(100 * point.efficiency).toFixed(0)} %`;
      });
      return [arch, `${row[0]?.batch_size ?? ''}`, `${gigabits}`, ...percents];
    }).filter(([, batch]) => batch !== ''),
  );
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', multiple: true, default: NETWORKS },
      precision: { type: 'string', default: 'f32' },
      steps: { type: 'string', default: '5' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  warnOfLoad();
  const { arch: networks, precision, steps } = values;
  const measured = networks.map((arch) => [arch, measure(arch, precision, steps)] as const);
  const found = sums();
  const points = measured.flatMap(([arch, step]) => pointsOf(arch, step, found));
  const common = { commit: commit(), hardware, precision };
  rmSync(new URL('results/scaling.csv', import.meta.url), { force: true });
  await append(
    'scaling',
    COLUMNS,
    points.map((point) => ({ ...common, ...point })),
  );
  const results = join(PACKAGE_ROOT, 'bench/results');
  execFileSync(process.execPath, [
    join(PACKAGE_ROOT, 'bench/scaling/plot.js'),
    ...[join(results, 'scaling.csv'), join(results, 'scaling.svg')],
  ]);
  const texts = SPEEDS.map((speed) => {
    const title =
      speed === 1
        ? `Nodes like this machine (${hardware}, ${precision}, commit ${common.commit}):`
        : `Nodes ${speed} times as fast, which is assumed:`;
    return `${title}\n\n${table(points.filter((point) => point.speed === speed))}\n`;
  });
  const page = join(PACKAGE_ROOT, 'docs/scaling.md');
  const text = replaceBetweenMarkers(
    readFileSync(page, 'utf8'),
    `\n${texts.join('\n')}`,
    'scaling',
  );
  writeFileSync(page, text);
});
