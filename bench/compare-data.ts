/**
 * Decoding and augmenting in one thread beside torchvision with Pillow, in turn on the same files:
 * prints images per second and core, and their ratio, and appends each round to
 * bench/results/data.csv. torchvision ends with bytes, as we do, and with its usual floats, which we
 * make on the device.
 *
 *     npx tsx bench/photographs.ts --out photographs
 *     npm run bench:compare-data -- --data photographs
 */
import { parseArgs } from 'node:util';
import { median } from '../src/measure/median.js';
import { append, commit, hardware, main, run, version, warnOfLoad } from './rounds.js';

const USAGE = `npm run bench:compare-data -- --data DIR [options]

  --data DIR       ImageNet-format directory of JPEGs
  --augment NAME   alexnet or inception; default both
  --changes NAME   none, ra, ta_wide, imagenet, augmix or jitter; default none
  --rounds N       runs of each, in turn; default 3
  --python FILE    a Python with torchvision; default /usr/bin/python3 (python3-torchvision)`;

const COLUMNS = [
  'date',
  'commit',
  'hardware',
  'program',
  'version',
  'augment',
  'output',
  'images',
  'round',
  'images_per_second',
  'images_per_core_second',
] as const;

interface Measured {
  readonly images: number;
  readonly images_per_second: number;
  /** By processor time, so that other programs matter less. */
  readonly images_per_core_second: number;
  readonly torchvision?: string;
  readonly pillow?: string;
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

async function compare(): Promise<void> {
  const options = readOptions();
  warnOfLoad();
  console.log(`${hardware}, one thread`);
  const { changes } = options;
  for (const crop of options.augments) {
    const augment = changes === 'none' ? crop : `${crop}, ${changes}`;
    const rows: Record<string, unknown>[] = [];
    const shared = ['--data', options.data, '--augment', crop, '--json'];
    const rates = { cnn: [] as number[], bytes: [] as number[], floats: [] as number[] };
    for (let round = 1; round <= Number(options.rounds); round++) {
      const common = { date: new Date().toISOString(), commit: commit(), hardware, augment, round };
      const own = run<Measured>(process.execPath, [
        ...['bin/cnn.js', 'bench', 'data', '--workers', '1', '--batch-size', '60'],
        ...shared,
        ...(CHANGES[changes] as readonly string[]),
      ]);
      rates.cnn.push(own.images_per_core_second);
      rows.push({ ...own, ...common, program: 'cnn', version: version(), output: 'bytes' });
      for (const output of ['bytes', 'floats'] as const) {
        const peer = run<Measured>(options.python, [
          ...['bench/torchvision_data.py', '--output', output, '--changes', changes],
          ...shared,
        ]);
        rates[output].push(peer.images_per_core_second);
        const versions = `${peer.torchvision} Pillow ${peer.pillow}`;
        rows.push({ ...peer, ...common, program: 'torchvision', version: versions, output });
      }
    }
    await append('data', COLUMNS, rows);
    const ours = median(rates.cnn);
    console.log(`${augment}: cnn ${ours.toFixed(1)} images/s per core`);
    for (const output of ['bytes', 'floats'] as const) {
      const theirs = median(rates[output]);
      const ratio = (ours / theirs).toFixed(2);
      console.log(`  torchvision to ${output} ${theirs.toFixed(1)}, ratio ${ratio}`);
    }
  }
}

function readOptions() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      data: text,
      augment: text,
      changes: { ...text, default: 'none' },
      rounds: { ...text, default: '3' },
      python: { ...text, default: '/usr/bin/python3' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const { data, augment, changes } = values;
  if (data === undefined) throw new Error(`Expected --data\n\n${USAGE}`);
  if (CHANGES[changes] === undefined) {
    throw new Error(`Expected --changes to be one of ${Object.keys(CHANGES)}\n\n${USAGE}`);
  }
  if (!(Number(values.rounds) >= 1)) {
    throw new Error(`Expected --rounds to be at least 1 but received "${values.rounds}"`);
  }
  return {
    ...values,
    data,
    augments: augment === undefined ? ['alexnet', 'inception'] : [augment],
  };
}

await main(compare);
