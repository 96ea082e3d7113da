/**
 * How long the program takes to start: `cnn --help` to its end, and `cnn train` to its first step
 * without the opening of the data, in medians of ten. Fails where a budget is exceeded.
 *
 *     npm run build:ts && npx tsx bench/start-up.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../src/measure/median.js';
import { PACKAGE_ROOT } from '../src/package-root.js';
import { hardware, main, warnOfLoad } from './rounds.js';

const ROUNDS = 10;
const BUDGET = { help: 0.3, train: 1.5 };

interface Marks {
  readonly open: number;
  readonly opened: number;
  readonly step: number;
}

function node(args: readonly string[]): string {
  const done = spawnSync(process.execPath, args, { cwd: PACKAGE_ROOT, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${done.stderr}\nThis failed: node ${args.join(' ')}`);
  return done.stderr;
}

function help(): number {
  const start = performance.now();
  node(['bin/cnn.js', '--help']);
  return (performance.now() - start) / 1000;
}

/** Seconds from the start of the process to the first step, without those that opened the data. */
function firstStep(output: string): number {
  const training = ['train', '--arch', 'lenet5', '--data', 'mnist', '--max-steps', '1'];
  const preload = ['--require', './bench/marks.cjs'];
  const told = node([...preload, 'bin/cnn.js', ...training, '--output', output]);
  const line = told.split('\n').findLast((text) => text.startsWith('{"open"')) ?? '{}';
  const { open, opened, step } = JSON.parse(line) as Marks;
  return (step - (opened - open)) / 1000;
}

await main(async () => {
  warnOfLoad();
  const output = mkdtempSync(join(tmpdir(), 'cnn-start-up-'));
  try {
    const times = { help: [] as number[], train: [] as number[] };
    // The first of each fills the caches.
    for (let round = -1; round < ROUNDS; round++) {
      const [toHelp, toStep] = [help(), firstStep(output)];
      if (round < 0) continue;
      times.help.push(toHelp);
      times.train.push(toStep);
    }
    console.log(hardware);
    for (const what of ['help', 'train'] as const) {
      const seconds = median(times[what]);
      console.log(`${what}: ${seconds.toFixed(2)} s of ${BUDGET[what]} s`);
      if (seconds > BUDGET[what]) process.exitCode = 1;
    }
  } finally {
    rmSync(output, { recursive: true });
  }
});
