/**
 * A day on a GPU machine in one call: bench/gpu/run unpacks the program and starts this. Each part
 * has its own time, and one that fails or hangs loses no other. The results are at most 8 files.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { cellsOf, Peers } from './benchmark.js';
import type { Day, Part } from './day.js';
import { partsOf } from './parts.js';
import { runParts } from './run-parts.js';
import { FULL, QUICK } from './sizes.js';
import { afterSeconds } from './task.js';

const USAGE = `bench/gpu/run [options]

  --archive FILE   what bench/gpu/pack made; default build/gpu.tar.xz
  --out DIR        where the results go; default build/gpu-results
  --seconds N      for all parts; default 520
  --only NAMES     such as device,tests
  --python FILE    a Python with PyTorch; default python3
  --emulated       our GPU is emulated and PyTorch computes on the CPU, to try this without a GPU
  --quick          sizes that suit the emulated GPU`;

/** Of the whole, kept for the end. */
const SECONDS_OF_END = 3;

function readOptions() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      ...{ out: { ...text, default: 'build/gpu-results' }, seconds: { ...text, default: '520' } },
      ...{ only: text, python: { ...text, default: 'python3' } },
      ...{ emulated: flag, quick: flag, help: flag },
    },
  });
  return values;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const end = 1000 * Number(options.seconds) - 1000 * SECONDS_OF_END;
  if (!(end > 0))
    throw new Error(`Expected --seconds to be a number but received "${options.seconds}"`);
  const day = openDay(options);
  const over = afterSeconds((end - performance.now()) / 1000);
  const cells = cellsOf(day);
  const chosen = chooseParts(
    partsOf(cells, () => peers),
    options.only,
  );
  const wanted = chosen.some(({ name }) => name === 'benchmark');
  const peers = new Peers(day, wanted ? cells : [], torchVersion(day.python), over);
  const passed = await runParts(chosen, day, end);
  keepChoices(day);
  rmSync(day.temporary, { recursive: true, force: true });
  console.log(readFileSync(join(day.out, 'summary.md'), 'utf8'));
  // PyTorchs that still start, and whatever does not end, end here.
  process.exit(passed ? 0 : 1);
}

function openDay(options: ReturnType<typeof readOptions>): Day {
  const out = resolve(process.env['CNN_GPU_CALLED_FROM'] ?? '.', options.out);
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out)) rmSync(join(out, name), { recursive: true });
  const temporary = mkdtempSync(join(tmpdir(), 'cnn-gpu-'));
  if (options.emulated) process.env['CNN_CUDA_EMULATED'] = '1';
  // The engines that were found fastest, which are part of the results.
  process.env['CNN_CACHE'] = join(temporary, 'cache');
  return {
    sizes: options.quick ? QUICK : FULL,
    out,
    temporary,
    python: options.python,
    device: options.emulated ? 'cpu' : 'cuda',
    hardware: options.emulated ? `an emulated GPU, ${cpus()[0]?.model}` : gpuName(),
    cores: availableParallelism(),
    images: join(PACKAGE_ROOT, 'images'),
  };
}

function chooseParts(parts: readonly Part[], only: string | undefined): Part[] {
  const names = only?.split(',') ?? parts.map(({ name }) => name);
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length === 0) return parts.filter(({ name }) => names.includes(name));
  const known = parts.map(({ name }) => name).join(', ');
  throw new Error(`Expected --only to name parts of ${known} but received "${unknown.join(', ')}"`);
}

/** The files in which the fastest engines are kept, as one. */
function keepChoices({ temporary, out }: Day): void {
  const folder = join(temporary, 'cache/cuda');
  let texts: string[] = [];
  try {
    texts = readdirSync(folder).map(
      (name) => `${name}\n${readFileSync(join(folder, name), 'utf8')}`,
    );
  } catch {
    // Nothing was searched for.
  }
  if (texts.length > 0) writeFileSync(join(out, 'choices.txt'), texts.join('\n'));
}

function gpuName(): string {
  try {
    const query = ['--query-gpu=name', '--format=csv,noheader'];
    return execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim();
  } catch {
    return 'no GPU that nvidia-smi finds';
  }
}

function torchVersion(python: string): string {
  try {
    const script = 'import torch; print(torch.__version__)';
    return execFileSync(python, ['-c', script], { encoding: 'utf8' }).trim();
  } catch {
    return 'none';
  }
}

await main();
