import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { simulateSum } from '../../bench/scaling/simgrid.js';
import { bucketsOf, type TrainingStep, timeStep } from '../../bench/scaling/training-step.js';

const MI = 2 ** 20;

/** A network whose last layer has most of the values; 10 ms forward, 60 ms backward. */
const STEP: TrainingStep = {
  before: 10,
  backward: [
    { milliseconds: 20, weights: [3 * MI, 10] },
    { milliseconds: 30, weights: [MI / 2, MI / 4] },
    { milliseconds: 10, weights: [MI / 4, MI / 8] },
  ],
  after: 5,
};

describe('the model of a step on many nodes', () => {
  it('fills buckets with 4 MiB at least, in the order of the backward pass', () => {
    assert.deepEqual(bucketsOf(STEP), [
      { ready: 30, bytes: 12 * MI },
      { ready: 70, bytes: 4 * (10 + MI) },
      { ready: 70, bytes: MI / 2 },
    ]);
  });

  it('sums one bucket at a time, each when it is full', () => {
    assert.deepEqual(
      timeStep(STEP, () => 0),
      { milliseconds: 75, exposed: 0 },
    );
    // From 30 to 50, from 70 to 90 and from 90 to 110.
    assert.deepEqual(
      timeStep(STEP, () => 20),
      { milliseconds: 115, exposed: 40 },
    );
    // The first one keeps the others waiting: from 30 to 130, 230 and 330.
    assert.deepEqual(
      timeStep(STEP, () => 100),
      { milliseconds: 335, exposed: 260 },
    );
  });

  it('has the time of a sum from SimGrid', function () {
    if (spawnSync('smpirun', ['--version']).error) this.skip();
    const cluster = { nodes: 8, gigabits: 10, microseconds: 5 };
    // Each sends and gets seven eighths of it twice; SimGrid's MPI reaches nine tenths of a link.
    const sent = (2 * (7 / 8) * 64 * MI * 8) / 10e6;
    const found = simulateSum(cluster, 64 * MI);
    assert.ok(found > sent && found < 1.15 * sent, `${found} and ${sent} ms`);
    assert.ok(simulateSum({ ...cluster, microseconds: 500 }, 64 * MI) > found + 1);
  });
});
