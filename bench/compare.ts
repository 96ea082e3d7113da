/**
 * Our training step beside PyTorch's, in turn on the same machine: prints medians and their ratio,
 * and appends each round to bench/results/<arch>.csv.
 *
 *     npm run bench:compare -- --arch alexnet-torchvision --batch-size 64 --precision bf16
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from '../src/median.js';
import { append, commit, hardware, main, run, version, warnOfLoad } from './rounds.js';

const USAGE = `npm run bench:compare -- --arch NAME [options]

  --arch NAME        lenet5, or a network of AlexNet, VGG, GoogLeNet, ResNet or DenseNet at
                     224×224 (pytorch.py lists them)
  --batch-size N     default 64
  --precision P      bf16 (default) or f32
  --rounds N         runs of each, in turn; default 3
  --steps N          measured steps of a run; default 20
  --warmup N         steps before them; default 5
  --threads N        of both; default: the cores of this machine
  --backend NAME     ours; default cpu
  --python FILE      a Python with torch; default /usr/bin/python3 (Debian's python3-torch)`;

const COLUMNS = [
  'date',
  'commit',
  'hardware',
  'program',
  'version',
  'arch',
  'batch_size',
  'precision',
  'threads',
  'round',
  'images_per_second',
  'milliseconds_per_step',
  'javascript_milliseconds_per_step',
  'peak_bytes',
  'peak_resident_bytes',
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], string | number>>;

interface Measured {
  readonly images_per_second: number;
  readonly milliseconds_per_step: number;
  readonly javascript_milliseconds_per_step?: number;
  readonly peak_bytes?: number;
  readonly peak_resident_bytes: number;
  readonly torch?: string;
}

async function compare(): Promise<void> {
  const options = readOptions();
  const shared = [
    ...['--arch', options.arch, '--batch-size', options['batch-size']],
    ...['--precision', options.precision, '--threads', options.threads],
    ...['--steps', options.steps, '--warmup', options.warmup, '--json'],
  ];
  warnOfLoad();
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  const rows: Row[] = [];
  for (let round = 1; round <= Number(options.rounds); round++) {
    const own = run<Measured>(process.execPath, [
      ...['bin/cnn.js', 'bench', 'train', '--backend', options.backend],
      ...shared,
    ]);
    const peer = run<Measured>(options.python, ['bench/pytorch.py', ...shared]);
    ours.push(own);
    theirs.push(peer);
    console.error(
      `round ${round}: cnn ${own.images_per_second.toFixed(1)} images/s, ` +
        `PyTorch ${peer.images_per_second.toFixed(1)} images/s`,
    );
    const common: Row = {
      date: new Date().toISOString(),
      commit: commit(),
      hardware,
      arch: options.arch,
      batch_size: options['batch-size'],
      precision: options.precision,
      threads: options.threads,
      round,
    };
    rows.push({ ...common, program: `cnn-${options.backend}`, version: version(), ...own });
    rows.push({ ...common, program: 'pytorch', version: peer.torch ?? '', ...peer });
  }
  const file = await append(options.arch, COLUMNS, rows);
  console.log(`${hardware}, ${options.threads} threads`);
  console.log(`${options.arch}, batches of ${options['batch-size']}, ${options.precision}`);
  const images = [printSide('cnn', ours), printSide('PyTorch', theirs)] as const;
  console.log(`ratio    ${(images[0] / images[1]).toFixed(2)}`);
  console.log(`rounds in ${file}`);
}

function readOptions() {
  const threads = String(availableParallelism());
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      arch: text,
      'batch-size': { ...text, default: '64' },
      precision: { ...text, default: 'bf16' },
      rounds: { ...text, default: '3' },
      steps: { ...text, default: '20' },
      warmup: { ...text, default: '5' },
      threads: { ...text, default: threads },
      backend: { ...text, default: 'cpu' },
      python: { ...text, default: '/usr/bin/python3' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const { arch } = values;
  if (arch === undefined) throw new Error(`Expected --arch\n\n${USAGE}`);
  if (!(Number(values.rounds) >= 1)) {
    throw new Error(`Expected --rounds to be at least 1 but received "${values.rounds}"`);
  }
  return { ...values, arch };
}

function printSide(name: string, rounds: readonly Measured[]): number {
  const images = median(rounds.map((round) => round.images_per_second));
  const step = median(rounds.map((round) => round.milliseconds_per_step));
  const javascript = rounds.flatMap((round) => round.javascript_milliseconds_per_step ?? []);
  const resident = Math.max(...rounds.map((round) => round.peak_resident_bytes));
  console.log(
    `${name.padEnd(8)} ${images.toFixed(1)} images/s, ${step.toFixed(2)} ms per step` +
      (javascript.length === 0 ? '' : ` (${median(javascript).toFixed(2)} ms of it JavaScript)`) +
      `, ${(resident / 2 ** 20).toFixed(0)} MiB at most`,
  );
  return images;
}

await main(compare);
