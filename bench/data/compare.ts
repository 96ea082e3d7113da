/**
 * Decoding and augmenting beside the programs of bench/data/peers/, in turn on the same files:
 * prints images per second and our ratio to each, and appends each round to bench/results/data.csv.
 *
 *     npx tsx bench/photographs.ts --out photographs
 *     npm run bench:compare-data -- --data photographs --python venv/bin/python
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../../src/measure/median.js';
import { append, commit, hardware, main, run, version, warnOfLoad } from '../rounds.js';

const USAGE = `npm run bench:compare-data -- --data DIR [options]

  --data DIR       ImageNet-format directory of JPEGs, a multiple of 60 in train/
  --peer NAME      torchvision_pillow, torchvision_io or dali, several times; default all
  --augment NAME   alexnet or inception; default both
  --changes NAME   none, ra, ta_wide, imagenet, augmix or jitter; default none; the others are
                   torchvision_pillow's alone
  --threads N      several times; default 1 and all cores
  --cold           one pass over files that nobody has read, loose and packed
  --rounds N       runs of each, in turn; default 3
  --python FILE    a Python with the peers (pip install torchvision nvidia-dali-cuda120); default
                   /usr/bin/python3`;

const PEERS = ['torchvision_pillow', 'torchvision_io', 'dali'] as const;
const OUTPUTS = ['bytes', 'floats'] as const;
/** Images of a batch; the last one of an epoch is left out, on our side, where it is not full. */
const BATCH = 60;
const EPOCHS = 3;

// biome-ignore format: a table
const COLUMNS = [
  'date', 'commit', 'hardware', 'program', 'version', 'augment', 'output', 'images', 'round',
  'images_per_second', 'images_per_core_second', 'threads', 'cold',
] as const;

interface Measured {
  readonly images: number;
  readonly images_per_second: number;
  /** By processor time, so that other programs matter less; of the peers' first process alone. */
  readonly images_per_core_second: number;
  readonly version?: string;
}

/** Flags of `cnn bench data` by --changes. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  none: [],
  ra: ['--auto-augment', 'ra'],
  ta_wide: ['--auto-augment', 'ta_wide'],
  imagenet: ['--auto-augment', 'imagenet'],
  augmix: ['--auto-augment', 'augmix'],
  jitter: ['--color-jitter', '0.4'],
};

type Options = ReturnType<typeof readOptions>;

interface Task {
  readonly augment: string;
  readonly output: (typeof OUTPUTS)[number];
  readonly threads: number;
}

interface Program {
  readonly name: string;
  measure(task: Task): Measured;
}

function own(options: Options, name: string, data: string): Program {
  const { changes, cold, images, python } = options;
  const steps = Math.floor(images / BATCH);
  const settings = [
    ...['bench', 'data', '--data', data, '--batch-size', String(BATCH), '--json'],
    ...['--warmup', String(cold ? 0 : steps), '--steps', String(cold ? steps : EPOCHS * steps)],
    ...(CHANGES[changes] as readonly string[]),
  ];
  return {
    name,
    measure({ augment, output, threads }) {
      if (cold) run(python, ['bench/data/peers/evict.py', data]);
      return run<Measured>(process.execPath, [
        ...['bin/cnn.js', ...settings, '--augment', augment, '--workers', String(threads)],
        ...(output === 'floats' ? ['--floats'] : []),
      ]);
    },
  };
}

function peer({ data, changes, cold, python }: Options, name: string): Program {
  return {
    name,
    measure({ augment, output, threads }) {
      return run<Measured>(python, [
        ...[`bench/data/peers/${name}.py`, '--data', data, '--augment', augment],
        ...['--output', output, '--threads', String(threads), '--epochs', String(EPOCHS)],
        ...(changes === 'none' ? [] : ['--changes', changes]),
        ...(cold ? ['--cold'] : []),
      ]);
    },
  };
}

async function compare(options: Options, programs: readonly Program[]): Promise<void> {
  const { augments, threadCounts, rounds, changes, cold } = options;
  for (const augment of augments) {
    for (const threads of threadCounts) {
      for (const output of OUTPUTS) {
        const rates = programs.map(() => [] as number[]);
        const label = changes === 'none' ? augment : `${augment}, ${changes}`;
        for (let round = 1; round <= rounds; round++) {
          const common = {
            ...{ date: new Date().toISOString(), commit: commit(), hardware },
            ...{ augment: label, output, round, threads, cold },
          };
          for (const [index, program] of programs.entries()) {
            const found = program.measure({ augment, output, threads });
            rates[index]?.push(found.images_per_second);
            const row = { version: version(), ...found, ...common, program: program.name };
            await append('data', COLUMNS, [row]);
          }
        }
        report(`${label} to ${output}, ${threads} threads${cold ? ', cold' : ''}`, programs, rates);
      }
    }
  }
}

/** A line for each program, with how many times as fast the first one, ours, is. */
function report(title: string, programs: readonly Program[], rates: readonly number[][]): void {
  console.log(title);
  const medians = rates.map(median);
  for (const [index, { name }] of programs.entries()) {
    const rate = medians[index] ?? Number.NaN;
    const ratio = index === 0 ? '' : `, ratio ${((medians[0] ?? Number.NaN) / rate).toFixed(2)}`;
    console.log(`  ${name} ${rate.toFixed(1)} images/s${ratio}`);
  }
}

function readOptions() {
  const text = { type: 'string' } as const;
  const list = { ...text, multiple: true } as const;
  const { values } = parseArgs({
    options: {
      data: text,
      peer: list,
      augment: text,
      changes: { ...text, default: 'none' },
      threads: list,
      cold: { type: 'boolean', default: false },
      rounds: { ...text, default: '3' },
      python: { ...text, default: '/usr/bin/python3' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const { data, augment, changes, peer: peers = PEERS } = values;
  if (data === undefined) throw new Error(`Expected --data\n\n${USAGE}`);
  for (const [value, allowed] of [
    [[changes], Object.keys(CHANGES)],
    [peers, PEERS],
  ] as [readonly string[], readonly string[]][]) {
    const wrong = value.find((name) => !allowed.includes(name));
    if (wrong !== undefined) {
      throw new Error(`Expected one of ${allowed} but received "${wrong}"\n\n${USAGE}`);
    }
  }
  const threads = values.threads?.map(Number) ?? [1, availableParallelism()];
  const rounds = Number(values.rounds);
  if (![...threads, rounds].every((number) => number >= 1)) {
    throw new Error('Expected --rounds and --threads to be at least 1');
  }
  return {
    ...{ data, changes, cold: values.cold, rounds, python: values.python },
    augments: augment === undefined ? ['alexnet', 'inception'] : [augment],
    peers: changes === 'none' ? peers : ['torchvision_pillow'],
    threadCounts: [...new Set(threads)],
    images: imagesOf(data),
  };
}

function imagesOf(data: string): number {
  const settings = ['--data', data, '--steps', '1', '--warmup', '0', '--workers', '1', '--json'];
  return run<Measured>(process.execPath, ['bin/cnn.js', 'bench', 'data', ...settings]).images;
}

await main(async () => {
  const options = readOptions();
  warnOfLoad();
  console.log(hardware);
  const { data, cold, peers } = options;
  const folder = mkdtempSync(join(tmpdir(), 'cnn-packed-'));
  try {
    const programs = [own(options, 'cnn', data), ...peers.map((name) => peer(options, name))];
    if (cold) {
      const packed = join(folder, 'packed');
      run(process.execPath, ['bin/cnn.js', 'data', 'pack', data, '--out', packed, '--json']);
      programs.push(own(options, 'cnn packed', packed));
    }
    await compare(options, programs);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
