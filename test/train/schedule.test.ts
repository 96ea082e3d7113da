import assert from 'node:assert/strict';
import { learningRate, type Schedule } from '../../src/train/schedule.js';

const BASE: Schedule = {
  lrScheduler: 'constant',
  lr: 0.1,
  lrWarmupSteps: 0,
  lrStepSize: 2,
  lrGamma: 0.1,
  stepsPerEpoch: 10,
  epochs: 6,
};

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
}

describe('learningRate', () => {
  it('stays where it is on the constant schedule', () => {
    for (const step of [0, 7, 59]) assert.equal(learningRate(step, BASE), 0.1);
  });

  it('falls by lrGamma every lrStepSize epochs on the step schedule', () => {
    const schedule = { ...BASE, lrScheduler: 'step' as const };
    assertClose(learningRate(19, schedule), 0.1);
    assertClose(learningRate(20, schedule), 0.01);
    assertClose(learningRate(59, schedule), 0.001);
  });

  it('follows half a cosine from the whole rate to zero', () => {
    const schedule = { ...BASE, lrScheduler: 'cosine' as const };
    assertClose(learningRate(0, schedule), 0.1);
    assertClose(learningRate(30, schedule), 0.05);
    assertClose(learningRate(60, schedule), 0);
  });

  it('rises linearly in the warm-up and reaches the whole rate with its last step', () => {
    const schedule = { ...BASE, lrScheduler: 'cosine' as const, lrWarmupSteps: 20 };
    assertClose(learningRate(0, schedule), 0.005);
    assertClose(learningRate(19, schedule), 0.1);
    assertClose(learningRate(20, schedule), 0.1);
    assertClose(learningRate(40, schedule), 0.05);
  });
});
