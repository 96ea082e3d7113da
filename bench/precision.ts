/**
 * Whether speed is bought with accuracy: trains the same experiments in f32 and in bf16 from several
 * seeds, in turn, prints the validation accuracies with mean and deviation, and appends each run to
 * bench/results/precision.csv.
 *
 *     npx tsx bench/precision.ts
 */
import { parseArgs } from 'node:util';
import { append, commit, hardware, main, run, version } from './rounds.js';

const USAGE = `npx tsx bench/precision.ts [options]

  --seeds N    runs in each precision, from seeds 1 to N; default 3
  --only NAME  one of the experiments alone: lenet5 or resnet20-cifar`;

const GREY_28 = ['--data', 'fashion-mnist', '--input-size', '28', '--channels', '1'];
const SHORT = ['--lr-scheduler', 'cosine', '--lr-warmup-steps', '200'];

const EXPERIMENTS = [
  { name: 'lenet5', flags: ['--data', 'mnist'], epochs: 5 },
  { name: 'resnet20-cifar', flags: [...GREY_28, ...SHORT], epochs: 1 },
];

const PRECISIONS = ['f32', 'bf16'] as const;

const COLUMNS = [
  ...['date', 'commit', 'version', 'hardware', 'experiment', 'epochs', 'precision', 'seed'],
  ...['top1', 'loss'],
];

async function compare(): Promise<void> {
  const { seeds, only } = readOptions();
  for (const { name, flags, epochs } of EXPERIMENTS) {
    if (only !== undefined && only !== name) continue;
    const accuracies = { f32: [] as number[], bf16: [] as number[] };
    for (let seed = 1; seed <= seeds; seed++) {
      for (const precision of PRECISIONS) {
        const { top1, loss } = run<{ top1: number; loss: number }>(process.execPath, [
          ...['bin/cnn.js', 'train', '--arch', name, ...flags, '--epochs', String(epochs)],
          ...['--precision', precision, '--seed', String(seed), '--json'],
        ]);
        accuracies[precision].push(top1);
        const made = { date: new Date().toISOString(), commit: commit(), version: version() };
        const settings = { hardware, experiment: name, epochs, precision, seed };
        await append('precision', COLUMNS, [{ ...made, ...settings, top1, loss }]);
        console.error(`${name} ${precision} seed ${seed}: ${top1.toFixed(2)} %`);
      }
    }
    for (const precision of PRECISIONS) {
      console.log(`${name}, ${epochs} epochs, ${precision}: ${describe(accuracies[precision])}`);
    }
  }
}

/** Mean, and deviation of the sample where there is one. */
function describe(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const each = values.map((value) => value.toFixed(2)).join(', ');
  if (values.length < 2) return `${each} %`;
  const deviation = Math.sqrt(squares / (values.length - 1));
  return `${mean.toFixed(2)} ± ${deviation.toFixed(2)} % (${each})`;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '3' },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const seeds = Number(values.seeds);
  if (!(Number.isInteger(seeds) && seeds >= 1)) {
    throw new Error(`Expected --seeds to be a whole number from 1 but received "${values.seeds}"`);
  }
  const known = EXPERIMENTS.map(({ name }) => name);
  if (values.only !== undefined && !known.includes(values.only)) {
    throw new Error(`Expected --only to be ${known.join(' or ')} but received "${values.only}"`);
  }
  return { seeds, only: values.only };
}

await main(compare);
