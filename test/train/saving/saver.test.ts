import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../../src/archs/index.js';
import { openCheckpoint } from '../../../src/runs/checkpoint/open.js';
import { networkCard } from '../../../src/session/network-card.js';
import { openSession } from '../../../src/session/session.js';
import { startProgress } from '../../../src/train/progress.js';
import { Saver } from '../../../src/train/saving/saver.js';
import { temporaryDirectory } from '../../commands/program.js';

describe('checkpoints within an epoch', () => {
  const directory = temporaryDirectory();
  const said: string[] = [];
  let time = 0;

  /** Takes steps of some seconds; returns those after which there is a checkpoint. */
  async function savedSteps(
    settings: { checkpointMinutes: number; checkpointSteps: number | null },
    { steps, seconds, cost }: { steps: number; seconds: number; cost: number },
  ): Promise<number[]> {
    await tf.setBackend('cpu');
    const lenet5 = findArchitecture('lenet5');
    const card = networkCard(lenet5, { classes: ['a', 'b'], inputSize: 12, channels: 1 });
    const session = openSession(lenet5, card, 0);
    const at = (name: string) => join(directory.path, name);
    const say = (line: string) => said.push(line);
    said.length = 0;
    // The clock is read once before the checkpoint is written and once after it.
    const parts = [
      {
        name: 'clock',
        tensors: [],
        state: () => {
          time += cost;
          return time;
        },
        restore: () => {},
      },
    ];
    const options = {
      settings: { seed: 0, ...settings },
      run: { last: at('last'), best: at('best') },
    };
    const saver = new Saver(
      { ...options, session, parts, reporter: { note: say, warn: say } },
      0,
      () => time,
    );
    const saved: number[] = [];
    for (let step = 1; step <= steps; step++) {
      time += seconds;
      const progress = async () => {
        saved.push(step);
        return { ...startProgress(), step };
      };
      await saver.onStep({ step, stepInEpoch: step, progress });
    }
    saver.report();
    tf.disposeVariables();
    if (saved.length > 0) {
      const { state } = await openCheckpoint(at('last'));
      assert.equal(state.progress.step, saved.at(-1));
    }
    return saved;
  }

  it('come by the clock', async () => {
    const settings = { checkpointMinutes: 1, checkpointSteps: null };
    assert.deepEqual(await savedSteps(settings, { steps: 8, seconds: 20, cost: 0.125 }), [3, 6]);
    assert.deepEqual(said, [
      'checkpoint of step 3 within the epoch, in 0.13 s: 0.21 % of the time',
      '2 checkpoints within epochs took 0.3 s, 0.16 % of the time',
    ]);
  });

  it('come less often where they would cost more than a hundredth of the time', async () => {
    const settings = { checkpointMinutes: 1, checkpointSteps: null };
    const saved = await savedSteps(settings, { steps: 20, seconds: 20, cost: 1.5 });
    // 1.5 s of every 150 s.
    assert.deepEqual(saved, [3, 11, 19]);
  });

  it('come by steps where that is asked for, and it is said what that costs', async () => {
    const settings = { checkpointMinutes: 0, checkpointSteps: 4 };
    assert.deepEqual(await savedSteps(settings, { steps: 9, seconds: 1, cost: 1 }), [4, 8]);
    assert.match(said[1] ?? '', /--checkpoint-steps 4 spends 20.00 % of the time on checkpoints/);
  });

  it('do not come where they are not wanted', async () => {
    const settings = { checkpointMinutes: 0, checkpointSteps: null };
    assert.deepEqual(await savedSteps(settings, { steps: 9, seconds: 1000, cost: 1 }), []);
    assert.deepEqual(said, []);
  });
});
