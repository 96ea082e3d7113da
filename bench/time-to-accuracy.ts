/**
 * From the command to a validation accuracy, beside the same recipe in PyTorch with torchvision, in
 * turn: medians of the seconds and our ratio, with an empty cache of ours and with the one that is then
 * there. Appends each run to bench/results/time-to-accuracy.csv.
 *
 *     npx tsx bench/photographs.ts --out photographs --count 2400
 *     npm run build:ts && npx tsx bench/time-to-accuracy.ts --data photographs --python venv/bin/python
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../src/cache-directory.js';
import { median } from '../src/measure/median.js';
import { PACKAGE_ROOT } from '../src/package-root.js';
import { PRETRAINING, recipeFlags, TASKS, type Task } from './accuracy/tasks.js';
import { append, commit, hardware, main, version, warnOfLoad } from './rounds.js';

const USAGE = `npx tsx bench/time-to-accuracy.ts --python FILE [options]

  --python FILE   a Python with torch, torchvision and safetensors
  --task NAME     ${TASKS.map(({ name }) => name).join(', ')}; default all
  --data DIR      of bench/photographs.ts, for resnet18
  --rounds N      runs of each, in turn; default 5
  --threads N     of each; default: the cores of this machine`;

// biome-ignore format: a table
const COLUMNS = [
  'date', 'commit', 'hardware', 'threads', 'task', 'target', 'program', 'version', 'round',
  'seconds', 'epochs', 'top1',
] as const;

interface Reached {
  readonly seconds: number;
  readonly epochs: number;
  readonly top1: number;
}

interface Command {
  readonly program: string;
  readonly version: string;
  readonly file: string;
  args(): readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs a training until a line says that its validation accuracy is at the target, and kills it. */
async function reach(target: number, { file, args, environment }: Command): Promise<Reached> {
  const start = performance.now();
  const child = spawn(file, args(), {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The processes that load images belong to its group.
    detached: true,
  });
  const closed = once(child, 'close');
  closed.catch(() => {});
  let reached: Reached | undefined;
  let epochs = 0;
  const told: string[] = [];
  const read = (line: string) => {
    told.push(line);
    const [, accuracy] = /validation .*?Acc@1 ([\d.]+)/.exec(line) ?? [];
    if (accuracy === undefined || reached !== undefined) return;
    epochs++;
    if (Number(accuracy) < target) return;
    reached = { seconds: (performance.now() - start) / 1000, epochs, top1: Number(accuracy) };
    process.kill(-(child.pid as number), 'SIGKILL');
  };
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', read);
  await closed;
  if (reached !== undefined) return reached;
  throw new Error(`${told.slice(-20).join('\n')}\nNot at ${target} %: ${file} ${args().join(' ')}`);
}

/** Made once, and not timed: what a user has before the command. */
interface Materials {
  readonly folder: string;
  readonly python: string;
  readonly threads: number;
  readonly photographs: string | undefined;
}

function cnn(...args: string[]): void {
  execFileSync(process.execPath, ['bin/cnn.js', ...args], { cwd: PACKAGE_ROOT, stdio: 'pipe' });
}

interface Inputs {
  /** What our command trains on, and PyTorch's. */
  readonly own: string;
  readonly peer: string;
  readonly classes?: string;
  readonly weights?: string;
}

function inputsOf({ dataset, recipe }: Task, materials: Materials): Inputs {
  const { folder, python, photographs } = materials;
  if (dataset !== undefined) {
    // The catalogue fetches it once.
    cnn('data', 'check', dataset);
    const images = join(cacheDirectory(), 'datasets', `${dataset}-1`);
    const idx = join(folder, dataset);
    execFileSync(python, ['bench/accuracy/pytorch.py', '--data', images, '--idx', idx], {
      cwd: PACKAGE_ROOT,
    });
    return { own: dataset, peer: idx };
  }
  if (photographs === undefined) throw new Error(`Expected --data for resnet18\n\n${USAGE}`);
  const others = readdirSync(join(photographs, 'train')).filter(
    (name) => !PRETRAINING.includes(name),
  );
  const [run, weights] = [join(folder, 'pretrained'), join(folder, 'pretrained.safetensors')];
  const training = recipeFlags({ ...recipe, epochs: 3, lr: 0.05, frozenEpochs: 0 });
  const classes = ['--classes', PRETRAINING.join(',')];
  cnn(
    'train',
    '--arch',
    'resnet18',
    '--data',
    photographs,
    ...classes,
    ...training,
    '--output',
    run,
  );
  cnn('export', join(run, readdirSync(run)[0] ?? ''), '--output', weights);
  return { own: photographs, peer: photographs, classes: others.join(','), weights };
}

function commands(task: Task, materials: Materials): Command[] {
  const { folder, python, threads } = materials;
  const { own, peer, classes, weights } = inputsOf(task, materials);
  const { name, recipe, flags } = task;
  const cache = join(folder, `cache-${name}`);
  const output = join(folder, `runs-${name}`);
  const chosen = [
    ...(classes === undefined ? [] : ['--classes', classes]),
    ...(weights === undefined ? [] : ['--weights', weights]),
  ];
  const settings = [
    ...['train', '--arch', name, '--data', own, ...chosen, ...recipeFlags(recipe), ...flags],
    ...['--precision', 'f32', '--threads', String(threads), '--output', output],
  ];
  const ours = {
    ...{ version: version(), file: process.execPath, environment: { CNN_CACHE: cache } },
  };
  const args = () => ['bin/cnn.js', ...settings];
  const python_ = ['bench/accuracy/pytorch.py', '--task', name, '--data', peer, ...chosen];
  const peerArgs = [
    ...python_,
    ...['--recipe', JSON.stringify(recipe), '--threads', String(threads)],
  ];
  return [
    {
      ...{ ...ours, program: 'cnn, empty cache' },
      args() {
        emptyCache(cache);
        return args();
      },
    },
    { ...ours, program: 'cnn', args },
    {
      program: 'pytorch',
      version: execFileSync(python, ['bench/accuracy/pytorch.py', '--version'], {
        ...{ cwd: PACKAGE_ROOT, encoding: 'utf8' },
      }).trim(),
      file: python,
      args: () => peerArgs,
    },
  ];
}

/** Downloads stay: neither side has to fetch its images. */
function emptyCache(cache: string): void {
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  symlinkSync(join(cacheDirectory(), 'datasets'), join(cache, 'datasets'));
}

async function compare(task: Task, materials: Materials, rounds: number): Promise<void> {
  const programs = commands(task, materials);
  const seconds = programs.map(() => [] as number[]);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, command] of programs.entries()) {
      const found = await reach(task.target, command);
      seconds[index]?.push(found.seconds);
      const { program, version: of } = command;
      const { threads } = materials;
      const common = { date: new Date().toISOString(), commit: commit(), hardware, threads };
      const row = { ...common, task: task.name, target: task.target, program, version: of, round };
      await append('time-to-accuracy', COLUMNS, [{ ...row, ...found }]);
      console.error(
        `round ${round}, ${program}: ${found.seconds.toFixed(1)} s, epoch ${found.epochs}, ${found.top1} %`,
      );
    }
  }
  const theirs = median(seconds.at(-1) ?? []);
  console.log(`${task.name} to ${task.target} %`);
  for (const [index, { program }] of programs.entries()) {
    const own = median(seconds[index] ?? []);
    console.log(`  ${program} ${own.toFixed(1)} s, ${(theirs / own).toFixed(2)} times as fast`);
  }
}

await main(async () => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      ...{ python: text, task: { ...text, multiple: true }, data: text },
      rounds: { ...text, default: '5' },
      threads: { ...text, default: String(availableParallelism()) },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { python, data: photographs, task: names = TASKS.map(({ name }) => name) } = values;
  const [rounds, threads] = [Number(values.rounds), Number(values.threads)];
  const tasks = TASKS.filter(({ name }) => (names as readonly string[]).includes(name));
  if (python === undefined || tasks.length < names.length || !(rounds >= 1 && threads >= 1)) {
    throw new Error(USAGE);
  }
  warnOfLoad();
  console.log(`${hardware}, ${threads} threads`);
  const folder = mkdtempSync(join(tmpdir(), 'cnn-time-to-accuracy-'));
  try {
    for (const task of tasks) await compare(task, { folder, python, threads, photographs }, rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
