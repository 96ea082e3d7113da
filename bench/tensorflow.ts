/**
 * Our training step on TensorFlow's library beside tfjs's own `model.fit` on it, in turn: medians of
 * the rounds and the most memory that each process had.
 *
 *     npm run build:ts && npx tsx bench/tensorflow.ts --arch resnet50 --batch-size 16
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from '../src/measure/median.js';
import { FAMILIES } from './networks.js';
import { type Measured, type Program, startModelFit, startOwn } from './program.js';
import { hardware, main, warnOfLoad } from './rounds.js';

async function compare(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      arch: text,
      'batch-size': { ...text, default: '8' },
      rounds: { ...text, default: '5' },
      seconds: { ...text, default: '2' },
    },
  });
  warnOfLoad();
  const threads = availableParallelism();
  console.log(`${hardware}, ${threads} threads`);
  const { arch } = values;
  const works = arch ? [{ arch, batch_size: Number(values['batch-size']) }] : FAMILIES;
  for (const work of works) {
    const cell = { ...work, precision: 'f32', aux_weight: 0, threads };
    const sides = [await startOwn(cell, 'tensorflow'), await startModelFit(cell)];
    const rounds: Measured[][] = [[], []];
    for (let round = 0; round <= Number(values.rounds); round++) {
      for (const [side, program] of sides.entries()) {
        const measured = await (program as Program).measure({
          warmup: round === 0 ? 2 : 0,
          steps: 2,
          seconds: Number(values.seconds),
        });
        if (round > 0) rounds[side]?.push(measured);
      }
    }
    for (const program of sides) await program.close();
    const [ours, theirs] = rounds.map((list) => ({
      speed: median(list.map(({ images_per_second }) => images_per_second)),
      memory: Math.max(...list.map(({ peak_resident_bytes }) => peak_resident_bytes)) / 2 ** 20,
    })) as [Summary, Summary];
    console.log(
      `${work.arch} ${work.batch_size}: ${ours.speed.toFixed(1)} images/s beside ` +
        `${theirs.speed.toFixed(1)} (${(ours.speed / theirs.speed).toFixed(2)}), ` +
        `${ours.memory.toFixed(0)} MiB beside ${theirs.memory.toFixed(0)}`,
    );
  }
}

interface Summary {
  readonly speed: number;
  readonly memory: number;
}

await main(compare);
