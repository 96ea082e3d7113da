/**
 * The tables of docs/performance.md: images per second, ratios and memory, from the rows of a
 * commit.
 */
import { median } from '../src/measure/median.js';
import { type Cell, isFrom, type Row, type Side } from './results.js';

/** The names of the places of tables. */
export type Place = 'bench' | 'bench-eval' | 'scaling';

/** The medians of one side in one cell. */
interface Figures {
  readonly imagesPerSecond: number;
  readonly mebibytes: Readonly<Record<Memory, number>>;
}

/** One line of the tables: what was measured, and the rows of its last run. */
export interface Line {
  readonly cell: Cell;
  readonly run: readonly Row[];
}

/** What the last table shows of memory: that of the process, or that of the device. */
export type Memory = 'peak_resident_bytes' | 'peak_bytes';

const MEMORY_TITLES: Readonly<Record<Memory, string>> = {
  peak_resident_bytes: 'The most main memory that each process had, in MiB:',
  peak_bytes: "The most memory of the device that each one's tensors had, in MiB:",
};

/** Puts text between the two markers, which stay. */
export function replaceBetweenMarkers(text: string, inside: string, place: Place = 'bench') {
  const first = `<!-- ${place}:start -->`;
  const last = `<!-- ${place}:end -->`;
  const start = text.indexOf(first);
  const end = text.indexOf(last, start);
  if (start < 0 || end < 0) throw new Error(`Expected ${first} and after it ${last} in the page`);
  return `${text.slice(0, start + first.length)}\n${inside}\n${text.slice(end)}`;
}

/** The speed of all sides, ours first, with our ratio to each of the others, and their memory. */
export function tables(
  lines: readonly Line[],
  sides: readonly Side[],
  shown: Memory = 'peak_resident_bytes',
): string {
  const [own, ...peers] = sides;
  if (own === undefined) throw new Error('Expected at least one side');
  const names = sides.map(sideName);
  const what = ['network', 'batch', 'precision'];
  const speeds = lines.map(({ cell, run }) => {
    const ours = figures(run, own);
    const others = peers.map((peer) =>
      hasFailed(run, peer) ? 'fails' : speedCell(ours, figures(run, peer)),
    );
    return [...nameCells(cell), ours ? rate(ours.imagesPerSecond) : '', ...others];
  });
  const memory = lines.map(({ cell, run }) => [
    ...nameCells(cell),
    ...sides.map((side) => {
      const mebibytes = figures(run, side)?.mebibytes[shown];
      return mebibytes ? mebibytes.toFixed(0) : '';
    }),
  ]);
  return [
    'Images per second, and in brackets how many times as fast we are:',
    '',
    ...markdown([...what, ...names], [...speeds, ...meanRows(lines, own, peers)]),
    ...meanOfBest(lines, own, peers),
    '',
    MEMORY_TITLES[shown],
    '',
    ...markdown([...what, ...names], memory),
  ].join('\n');
}

/** The geometric mean; NaN of nothing. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Our speed over that of the fastest of some peers, in every line in which both have run. */
export function ratios(lines: readonly Line[], own: Side, peers: readonly Side[]): number[] {
  return lines.flatMap(({ run }) => {
    const ours = figures(run, own)?.imagesPerSecond;
    const theirs = peers.flatMap((peer) => figures(run, peer)?.imagesPerSecond ?? []);
    return ours === undefined || theirs.length === 0 ? [] : [ours / Math.max(...theirs)];
  });
}

function meanRows(lines: readonly Line[], own: Side, peers: readonly Side[]): string[][] {
  return precisionsOf(lines).map((precision) => {
    const same = lines.filter(({ cell }) => cell.precision === precision);
    const means = peers.map((peer) => {
      const found = ratios(same, own, [peer]);
      return found.length === 0 ? '' : `(${geometricMean(found).toFixed(2)})`;
    });
    return ['geometric mean', '', precision, '', ...means];
  });
}

/** For versions measured both ways: our ratio to the faster of the two. */
function meanOfBest(lines: readonly Line[], own: Side, peers: readonly Side[]): string[] {
  return peers
    .filter(({ program }) => program === 'pytorch')
    .flatMap((eager) => {
      const both = peers.filter(({ version }) => version === eager.version);
      if (both.length < 2) return [];
      const means = precisionsOf(lines).flatMap((precision) => {
        const same = lines.filter(({ cell }) => cell.precision === precision);
        const found = ratios(same, own, both);
        return found.length === 0 ? [] : `${geometricMean(found).toFixed(2)} in ${precision}`;
      });
      if (means.length === 0) return [];
      const name = sideName(eager);
      return ['', `Against the faster of ${name} and its torch.compile: ${means.join(', ')}.`];
    });
}

function precisionsOf(lines: readonly Line[]): string[] {
  return [...new Set(lines.map(({ cell }) => cell.precision))];
}

function figures(run: readonly Row[], side: Side): Figures | undefined {
  const rows = run.filter((row) => isFrom(row, side) && !row.failure);
  if (rows.length === 0) return undefined;
  const numbers = (column: 'images_per_second' | Memory) => rows.map((row) => Number(row[column]));
  const most = (column: Memory) => Math.max(...numbers(column)) / 2 ** 20;
  return {
    imagesPerSecond: median(numbers('images_per_second')),
    mebibytes: {
      peak_resident_bytes: most('peak_resident_bytes'),
      peak_bytes: most('peak_bytes'),
    },
  };
}

function hasFailed(run: readonly Row[], side: Side): boolean {
  return run.some((row) => isFrom(row, side) && row.failure);
}

function sideName({ program, version }: Side): string {
  if (program.startsWith('cnn')) return 'cnn';
  const [number] = version.split('+');
  if (program === 'onnxruntime') return `ONNX Runtime ${number}`;
  return `PyTorch ${number}${program === 'pytorch-compile' ? ' compiled' : ''}`;
}

function nameCells({ arch, aux_weight, batch_size, precision }: Cell): string[] {
  const heads = arch.startsWith('googlenet') ? `, heads ${aux_weight > 0 ? 'on' : 'off'}` : '';
  return [arch + heads, String(batch_size), precision];
}

function speedCell(ours: Figures | undefined, theirs: Figures | undefined): string {
  if (!theirs) return '';
  const { imagesPerSecond } = theirs;
  const ratio = ours ? ` (${(ours.imagesPerSecond / imagesPerSecond).toFixed(2)})` : '';
  return rate(imagesPerSecond) + ratio;
}

function rate(imagesPerSecond: number): string {
  return imagesPerSecond.toLocaleString('en', {
    maximumFractionDigits: imagesPerSecond < 100 ? 1 : 0,
  });
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [header, header.map(() => '---'), ...rows].map(line);
}
