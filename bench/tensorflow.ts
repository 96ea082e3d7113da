/**
 * Our training step on TensorFlow's library beside tfjs's own `model.fit` on it, in turn: medians of
 * the rounds and the most memory that each process had. Every network is a row of
 * bench/results/model-fit.csv; one that a side cannot train has the reason there.
 *
 *     npm run build:ts && npx tsx bench/tensorflow.ts --arch resnet50 --batch-size 16
 *     npm run build:ts && npx tsx bench/tensorflow.ts --all
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Architecture, architectures } from '../src/archs/index.js';
import { median } from '../src/measure/median.js';
import { FAMILIES } from './networks.js';
import { type Measured, type Program, startModelFit, startOwn, type Work } from './program.js';
import { append, commit, hardware, main, warnOfLoad } from './rounds.js';

// biome-ignore format: a table
const COLUMNS = [
  'date', 'commit', 'hardware', 'arch', 'batch_size', 'threads', 'rounds',
  'images_per_second', 'model_fit_images_per_second', 'times', 'mib', 'model_fit_mib', 'failure',
] as const;

interface Sizes {
  readonly arch: string;
  readonly batch_size: number;
}

interface Length {
  readonly rounds: number;
  readonly seconds: number;
}

/** The largest power of 2 from 2 to 128 with at most 20 billion multiply-adds. */
function batchOf({ name, macs }: Architecture): Sizes {
  const most = Math.min(128, Math.max(2, 20e9 / macs));
  return { arch: name, batch_size: 2 ** Math.floor(Math.log2(most)) };
}

interface Summary {
  readonly speed: number;
  readonly memory: number;
}

function summary(rounds: readonly Measured[]): Summary {
  return {
    speed: median(rounds.map(({ images_per_second }) => images_per_second)),
    memory: Math.max(...rounds.map(({ peak_resident_bytes }) => peak_resident_bytes)) / 2 ** 20,
  };
}

async function measured(work: Work, { rounds, seconds }: Length): Promise<[Summary, Summary]> {
  const sides: Program[] = [];
  const kept: [Measured[], Measured[]] = [[], []];
  try {
    sides.push(await startOwn(work, 'tensorflow'), await startModelFit(work));
    for (let round = 0; round <= rounds; round++) {
      for (const [side, program] of sides.entries()) {
        const answer = await program.measure({ warmup: round === 0 ? 2 : 0, steps: 2, seconds });
        if (round > 0) kept[side]?.push(answer);
      }
    }
  } finally {
    for (const program of sides) await program.close();
  }
  return [summary(kept[0]), summary(kept[1])];
}

async function row({ arch, batch_size }: Sizes, length: Length): Promise<object> {
  const threads = availableParallelism();
  const work = { arch, batch_size, precision: 'f32', aux_weight: 0, threads, hardware };
  const cell = { arch, batch_size, threads, hardware, rounds: length.rounds };
  const when = { date: new Date().toISOString(), commit: commit() };
  try {
    const [ours, theirs] = await measured(work, length);
    const times = ours.speed / theirs.speed;
    console.log(
      `${arch} ${batch_size}: ${ours.speed.toFixed(1)} images/s beside ` +
        `${theirs.speed.toFixed(1)} (${times.toFixed(2)}), ` +
        `${ours.memory.toFixed(0)} MiB beside ${theirs.memory.toFixed(0)}`,
    );
    return {
      ...{ ...when, ...cell, times: times.toFixed(2) },
      ...{ images_per_second: ours.speed.toFixed(2), mib: ours.memory.toFixed(0) },
      ...{ model_fit_images_per_second: theirs.speed.toFixed(2) },
      model_fit_mib: theirs.memory.toFixed(0),
    };
  } catch (error) {
    const [failure = ''] = (error as Error).message.split('\n').filter((line) => /\S/.test(line));
    console.log(`${arch} ${batch_size}: ${failure}`);
    return { ...when, ...cell, failure };
  }
}

async function compare(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      arch: text,
      all: { type: 'boolean', default: false },
      'batch-size': { ...text, default: '8' },
      rounds: { ...text, default: '5' },
      seconds: { ...text, default: '2' },
    },
  });
  warnOfLoad();
  console.log(`${hardware}, ${availableParallelism()} threads`);
  const { arch, all } = values;
  const catalogue = all ? architectures.map(batchOf) : FAMILIES;
  const works = arch ? [{ arch, batch_size: Number(values['batch-size']) }] : catalogue;
  const length = { rounds: Number(values.rounds), seconds: Number(values.seconds) };
  let path = '';
  for (const work of works) path = await append('model-fit', COLUMNS, [await row(work, length)]);
  console.log(`Kept in ${path}`);
}

await main(compare);
