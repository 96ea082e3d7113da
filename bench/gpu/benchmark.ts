/** Our training step on a GPU beside PyTorch's, compiled and not. */
import { join } from 'node:path';
import { findArchitecture } from '../../src/archs/index.js';
import { type Cell, COLUMNS, type Row } from '../results.js';
import { appendTo, version } from '../rounds.js';
import {
  type Contender,
  commonOf,
  failureRow,
  inTurn,
  open,
  type Running,
} from '../side-by-side.js';
import { type Line, tables } from '../table.js';
import { type Day, PartFailed, type Run } from './day.js';
import { afterSeconds, inParallel } from './task.js';

/** What one network may take, our search for the fastest engines included. */
const SECONDS_OF_CELL = 60;
/** How long the first measurement waits for PyTorchs that still compile. */
const SECONDS_OF_COMPILING = 45;

export function cellsOf({ sizes, hardware, cores }: Day): Cell[] {
  const { networks, batches, precision, inputSize } = sizes;
  const common = { precision, aux_weight: 0, threads: cores, hardware };
  const size = inputSize === undefined ? {} : { input_size: inputSize };
  return networks.flatMap((name) =>
    batches.map((batch_size) => ({
      arch: findArchitecture(name).name,
      batch_size,
      ...common,
      ...size,
    })),
  );
}

/** PyTorchs, which start and compile while other parts run. */
export class Peers {
  readonly sides: readonly Contender[];
  readonly #opened = new Map<Cell, (Running | Row)[]>();
  readonly #started: Promise<void>;

  constructor(day: Day, cells: readonly Cell[], version: string, signal: AbortSignal) {
    const { python, device } = day;
    this.sides = ['pytorch', 'pytorch-compile'].map((program) => {
      return { program, version, python, device };
    });
    for (const cell of cells) this.#opened.set(cell, []);
    const all = cells.flatMap((cell) => this.sides.map((side) => ({ cell, side })));
    this.#started = inParallel(all, day.sizes.starting, async ({ cell, side }) => {
      const opened = await open(cell, side, 'nhwc', signal).catch((error: Error) =>
        failureRow(commonOf(cell), side, error),
      );
      this.#opened.get(cell)?.push(opened);
    });
  }

  /** Resolves once all have started, or after some seconds. */
  settled(seconds: number): Promise<unknown> {
    const late = new Promise((resolve) => setTimeout(resolve, 1000 * seconds).unref());
    return Promise.race([this.#started, late]);
  }

  /** Those that run, and for the others why they do not. */
  of(cell: Cell): { running: Running[]; failures: Row[] } {
    const opened = this.#opened.get(cell) ?? [];
    const running = opened.filter(isRunning);
    const failures = opened.filter((one): one is Row => !isRunning(one));
    const known = [
      ...running.map(({ side }) => side.program),
      ...failures.map((row) => row.program),
    ];
    const late = new Error('it had not started in time');
    const missing = this.sides.filter(({ program }) => !known.includes(program));
    return {
      running,
      failures: [...failures, ...missing.map((side) => failureRow(commonOf(cell), side, late))],
    };
  }
}

function isRunning(one: Running | Row): one is Running {
  return 'side' in one;
}

export async function benchmark(run: Run, peers: Peers, cells: readonly Cell[]): Promise<void> {
  const { day } = run;
  const own: Contender = { program: 'cnn-cuda', version: version(), device: 'cuda' };
  await peers.settled(Math.min(SECONDS_OF_COMPILING, run.secondsLeft() / 2));
  const lines: Line[] = [];
  for (const cell of cells) {
    if (run.secondsLeft() < 5) {
      throw new PartFailed(
        `no time was left for ${cell.arch} with ${cell.batch_size} and the rest`,
      );
    }
    const common = commonOf(cell);
    const { running, failures } = peers.of(cell);
    const seconds = Math.min(SECONDS_OF_CELL, run.secondsLeft());
    const signal = AbortSignal.any([run.signal, afterSeconds(seconds)]);
    try {
      running.unshift(await open(cell, own, undefined, signal));
    } catch (error) {
      failures.push(failureRow(common, own, error as Error));
    }
    const rows = [...failures, ...(await inTurn(common, running, day.sizes.rounds))];
    await Promise.all(running.map(({ program }) => program.close()));
    await appendTo(join(day.out, 'benchmark.csv'), COLUMNS, rows);
    lines.push({ cell, run: rows });
    run.tell(tables(lines, [own, ...peers.sides], 'peak_bytes'));
  }
}
