/** One network trained by several programs in turn, each in a process of its own that stays. */
import { execFileSync } from 'node:child_process';
import type { Layout } from './layout.js';
import { type Program, startOwn, startPytorch, type Work } from './program.js';
import { type Cell, knownLayout, type Row, type Side } from './results.js';
import { commit, version } from './rounds.js';

/** A program to measure; `python` is that of a peer. */
export interface Contender extends Side {
  readonly python?: string;
}

/** Long enough for V8 to compile what a small network runs often. */
const WARM_UP = { warmup: 1, steps: 2, seconds: 1 };

export interface Rounds {
  readonly rounds: number;
  /** Of a round, at least. */
  readonly steps: number;
  readonly seconds: number;
}

/** Ours, and PyTorch in each Python, in those of `compiled` by torch.compile too. */
export function contenders(
  backend: string,
  pythons: readonly string[],
  compiled: readonly string[],
): Contender[] {
  const peers = (program: string, files: readonly string[]) =>
    files.map((python) => ({ program, version: torchVersion(python), python }));
  return [
    { program: `cnn-${backend}`, version: version() },
    ...peers('pytorch', pythons),
    ...peers('pytorch-compile', compiled),
  ];
}

function torchVersion(python: string): string {
  const script = 'import torch; print(torch.__version__)';
  try {
    return execFileSync(python, ['-c', script], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    throw new Error(`Expected ${python} to be a Python with torch: ${(error as Error).message}`);
  }
}

/** The rows of one run; `earlier` ones say which layout suits PyTorch. */
export async function sideBySide(
  cell: Cell,
  sides: readonly Contender[],
  { rounds, steps, seconds }: Rounds,
  earlier: readonly Row[],
): Promise<Row[]> {
  const common = { ...cell, date: new Date().toISOString(), commit: commit() };
  const rowOf = ({ program, version }: Side) => ({ ...common, program, version });
  const rows: Row[] = [];
  const running: Running[] = [];
  try {
    for (const side of sides) {
      try {
        const layout = layoutOf(running, side) ?? knownLayout(earlier, cell, side);
        running.push(await open(cell, side, layout));
      } catch (error) {
        if (side.python === undefined) throw error;
        const reason = (error as Error).message;
        console.error(`${side.program} ${side.version} failed: ${reason}`);
        rows.push({
          ...rowOf(side),
          round: 0,
          failure: shorten(reason),
        });
      }
    }
    for (let round = 1; round <= rounds; round++) {
      const told: string[] = [];
      for (const { side, program } of running) {
        const measured = await program.measure({ warmup: 0, steps, seconds });
        rows.push({ ...rowOf(side), round, ...measured });
        told.push(`${side.program} ${side.version} ${measured.images_per_second.toFixed(1)}`);
      }
      console.error(`round ${round}, images/s: ${told.join(', ')}`);
    }
  } finally {
    for (const { program } of running) await program.close();
  }
  return rows;
}

interface Running {
  readonly side: Contender;
  readonly program: Program;
  readonly layout?: Layout;
}

/** Starts a program and warms it up; PyTorch in the layout that is faster, unless one is given. */
async function open(work: Work, side: Contender, layout?: Layout): Promise<Running> {
  const { python, program: name } = side;
  if (python === undefined) {
    const program = await startOwn(work, name.replace('cnn-', ''));
    await program.measure(WARM_UP);
    return { side, program };
  }
  const compile = name === 'pytorch-compile';
  const warm = async (tried: Layout) => {
    const program = await startPytorch(work, { python, layout: tried, compile });
    const { images_per_second } = await program.measure(WARM_UP);
    return { side, program, layout: tried, images_per_second };
  };
  if (layout) return warm(layout);
  const [nhwc, nchw] = [await warm('nhwc'), await warm('nchw')];
  const [best, other] =
    nchw.images_per_second > nhwc.images_per_second ? [nchw, nhwc] : [nhwc, nchw];
  await other.program.close();
  return best;
}

/** Compiled code runs in the layout that suits this version without it. */
function layoutOf(running: readonly Running[], { version }: Side): Layout | undefined {
  return running.find(({ side }) => side.version === version)?.layout;
}

/** The beginning of Python's error, without its traceback. */
function shorten(reason: string): string {
  const line = reason.split('\n').findLast((text) => /^[\w.]*(Error|Exception)\b/.test(text));
  return (line ?? reason).replaceAll(/\s+/g, ' ').slice(0, 300);
}
