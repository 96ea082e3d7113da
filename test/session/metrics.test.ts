import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { accuracyLine, Counters, scores } from '../../src/session/metrics.js';

describe('Counters', () => {
  before(() => tf.setBackend('cpu'));

  const steps = [0.1, 0.7, 1.3, 0.2].map((loss) => [loss, 3, 4, 5]);

  it('sums windows on the device and totals on the host, and frees what it was given', async () => {
    const before = tf.memory().numTensors;
    const counters = new Counters();
    for (const step of steps.slice(0, 2)) counters.add(tf.tensor1d(step));
    const window = await counters.read();
    assert.deepEqual([window.top1, window.top5, window.labelled], [6, 8, 10]);
    for (const step of steps.slice(2)) counters.add(tf.tensor1d(step));
    await counters.read();
    assert.equal(counters.totals.labelled, 20);
    assert.ok(Math.abs(counters.totals.lossSum - 2.3) < 1e-6);
    assert.equal(tf.memory().numTensors, before);
  });

  it('continues from a snapshot with the same bits', async () => {
    const whole = new Counters();
    for (const step of steps) whole.add(tf.tensor1d(step));
    const first = new Counters();
    first.add(tf.tensor1d(steps[0] ?? []));
    const second = new Counters(await first.snapshot());
    for (const step of steps.slice(1)) second.add(tf.tensor1d(step));
    assert.deepEqual(await second.snapshot(), await whole.snapshot());
    for (const counters of [whole, first, second]) counters.dispose();
  });
});

describe('scores', () => {
  it('counts images without a label as wrong, and leaves them out of the loss', () => {
    const totals = { lossSum: 4, top1: 6, top5: 8, labelled: 8 };
    assert.deepEqual(scores(totals, 10), { loss: 0.5, top1: 60, top5: 80, images: 10 });
    assert.equal(accuracyLine(scores(totals, 10)), ' * Acc@1 60.000 Acc@5 80.000');
  });
});
