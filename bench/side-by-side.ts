/** One network trained or run by several programs in turn, each in a process of its own that stays. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/package-root.js';
import type { Layout } from './layout.js';
import {
  type Device,
  type Program,
  startOnnxRuntime,
  startOwn,
  startPytorch,
  type Work,
} from './program.js';
import { type Cell, knownLayout, type Row, type Side } from './results.js';
import { commit, version } from './rounds.js';

/** A program to measure; `python` is that of a peer. */
export interface Contender extends Side {
  readonly python?: string;
  readonly device: Device;
}

export interface Running {
  readonly side: Contender;
  readonly program: Program;
  readonly layout?: Layout;
}

/** The program of ONNX Runtime's rows. */
const ONNX_RUNTIME = 'onnxruntime';

/** Long enough for V8 to compile what a small network runs often. */
const WARM_UP = { warmup: 1, steps: 2, seconds: 1 };
/** On a GPU a program gives its memory back after each round. */
const WARM_UP_OF_ROUND = { cpu: 0, cuda: 3 };

export interface Rounds {
  readonly rounds: number;
  /** Of a round, at least. */
  readonly steps: number;
  readonly seconds: number;
}

/**
 * Ours, and PyTorch in each Python, in those of `compiled` by torch.compile too, and ONNX Runtime in
 * those of `onnx`.
 */
export function contenders(
  backend: string,
  pythons: readonly string[],
  compiled: readonly string[],
  onnx: readonly string[] = [],
): Contender[] {
  const device: Device = backend === 'cuda' ? 'cuda' : 'cpu';
  const peers = (program: string, files: readonly string[]) =>
    files.map((python) => {
      const library = program === ONNX_RUNTIME ? 'onnxruntime' : 'torch';
      return { program, version: versionOf(library, python), python, device };
    });
  return [
    { program: `cnn-${backend}`, version: version(), device },
    ...peers('pytorch', pythons),
    ...peers('pytorch-compile', compiled),
    ...peers(ONNX_RUNTIME, onnx),
  ];
}

function versionOf(library: string, python: string): string {
  const script = `import ${library}; print(${library}.__version__)`;
  try {
    return execFileSync(python, ['-c', script], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    throw new Error(
      `Expected ${python} to be a Python with ${library}: ${(error as Error).message}`,
    );
  }
}

/** The rows of one run; `earlier` ones say which layout suits PyTorch. */
export async function sideBySide(
  cell: Cell,
  sides: readonly Contender[],
  rounds: Rounds,
  earlier: readonly Row[],
): Promise<Row[]> {
  const common = commonOf(cell);
  const failures: Row[] = [];
  const running: Running[] = [];
  try {
    for (const side of sides) {
      try {
        const layout = layoutOf(running, side) ?? knownLayout(earlier, cell, side);
        running.push(await open(cell, side, layout));
      } catch (error) {
        if (side.python === undefined) throw error;
        failures.push(failureRow(common, side, error as Error));
      }
    }
    return [...failures, ...(await inTurn(common, running, rounds))];
  } finally {
    for (const { program } of running) await program.close();
  }
}

type Common = Omit<Row, 'program' | 'version' | 'round'>;

/** What the rows of one run share. */
export function commonOf(cell: Cell): Common {
  return { ...cell, date: new Date().toISOString(), commit: commit() };
}

export function failureRow(common: Common, { program, version }: Side, { message }: Error): Row {
  console.error(`${program} ${version} failed: ${message}`);
  return { ...common, program, version, round: 0, failure: shorten(message) };
}

/** The rows of the rounds of programs that are warm; one that fails takes no further part. */
export async function inTurn(
  common: Common,
  running: readonly Running[],
  { rounds, steps, seconds }: Rounds,
): Promise<Row[]> {
  const rows: Row[] = [];
  const failed = new Set<Contender>();
  for (let round = 1; round <= rounds; round++) {
    const told: string[] = [];
    for (const { side, program } of running.filter(({ side }) => !failed.has(side))) {
      const { program: name, version, device } = side;
      const warmup = WARM_UP_OF_ROUND[device];
      try {
        const measured = await program.measure({ warmup, steps, seconds });
        rows.push({ ...common, program: name, version, round, ...measured });
        told.push(`${name} ${version} ${measured.images_per_second.toFixed(1)}`);
      } catch (error) {
        failed.add(side);
        rows.push(failureRow(common, side, error as Error));
      }
    }
    console.error(`round ${round}, images/s: ${told.join(', ')}`);
  }
  return rows;
}

/**
 * Starts a program and warms it up; PyTorch in the layout that is faster, unless one is given.
 * `signal` kills it.
 */
export async function open(
  work: Work,
  side: Contender,
  layout?: Layout,
  signal?: AbortSignal,
): Promise<Running> {
  const { python, program: name, device } = side;
  if (python === undefined) {
    const program = await startOwn(work, name.replace('cnn-', ''), signal);
    await program.measure(WARM_UP);
    return { side, program };
  }
  if (name === ONNX_RUNTIME) return openOnnxRuntime(work, side, python);
  const compile = name === 'pytorch-compile';
  const warm = async (tried: Layout) => {
    const peer = { python, layout: tried, compile, device };
    const program = await startPytorch(work, peer, signal);
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

async function openOnnxRuntime(work: Work, side: Contender, python: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'cnn-onnx-'));
  try {
    const file = join(folder, `${work.arch}.onnx`);
    // The network would take our own memory.
    const write = ['--import', 'tsx', 'bench/onnx-file.ts', work.arch, file];
    execFileSync(process.execPath, write, { cwd: PACKAGE_ROOT, stdio: 'pipe' });
    const program = await startOnnxRuntime(work, python, file);
    await program.measure(WARM_UP);
    return { side, program };
  } finally {
    rmSync(folder, { recursive: true });
  }
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
