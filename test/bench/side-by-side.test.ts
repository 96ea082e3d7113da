import assert from 'node:assert/strict';
import type { Measured, Program } from '../../bench/program.js';
import { startOwn } from '../../bench/program.js';
import { type Contender, commonOf, inTurn } from '../../bench/side-by-side.js';
import { build } from '../commands/program.js';

const CELL = {
  arch: 'lenet5',
  batch_size: 2,
  precision: 'f32',
  aux_weight: 0,
  threads: 1,
  hardware: 'one',
};
const ROUNDS = { rounds: 2, steps: 1, seconds: 0 };
const contender = (program: string): Contender => ({ program, version: '1', device: 'cuda' });

function program(measure: Program['measure']): Program {
  return { version: '1', measure, close: async () => {} };
}

describe('programs side by side', () => {
  it('our own measures when it is asked, and ends', async () => {
    await build();
    const own = await startOwn(CELL, 'cpu');
    const measured = await own.measure({ warmup: 0, steps: 2 });
    assert.equal(measured.steps, 2);
    assert.ok(measured.images_per_second > 0);
    await own.close();
  });

  it('one that fails in a round loses no rows, and takes no further part', async () => {
    const measured = { steps: 1, images_per_second: 2 } as Measured;
    let calls = 0;
    const failing = program(async () => {
      calls++;
      if (calls === 2) throw new Error('RuntimeError: CUDA out of memory');
      return measured;
    });
    const rows = await inTurn(
      commonOf(CELL),
      [
        { side: contender('failing'), program: failing },
        { side: contender('sound'), program: program(async () => measured) },
      ],
      { ...ROUNDS, rounds: 3 },
    );
    assert.deepEqual(
      rows.map(({ program, round, failure }) => [program, round, failure]),
      [
        ['failing', 1, undefined],
        ['sound', 1, undefined],
        ['failing', 0, 'RuntimeError: CUDA out of memory'],
        ['sound', 2, undefined],
        ['sound', 3, undefined],
      ],
    );
  });

  it('on a GPU each round has a warm-up', async () => {
    const asked: number[] = [];
    const watching = program(async ({ warmup }) => {
      asked.push(warmup);
      return { steps: 1, images_per_second: 2 } as Measured;
    });
    for (const device of ['cpu', 'cuda'] as const) {
      await inTurn(commonOf(CELL), [{ side: { ...contender('x'), device }, program: watching }], {
        ...ROUNDS,
        rounds: 1,
      });
    }
    assert.deepEqual(asked, [0, 3]);
  });
});
