/** Averaged weights, in a training that has them, decide which epoch is the best. */
import assert from 'node:assert/strict';
import { isBest, type Progress } from '../../src/runs/state.js';
import { Limits } from '../../src/train/limits.js';
import { evaluated, nextEpoch, startProgress } from '../../src/train/progress.js';
import type { Schedule } from '../../src/train/schedule.js';
import { Updating } from '../../src/train/updating.js';

const scoresOf = (top1: number) => ({ loss: 1, top1, top5: 100, images: 100 });

/** The states after epochs of a step, whose evaluations have these accuracies. */
function trained(epochs: readonly (readonly [weights: number, average?: number])[]): Progress[] {
  let progress = startProgress();
  return epochs.map(([top1, averaged]) => {
    const average = averaged === undefined ? undefined : scoresOf(averaged);
    const step = { ...progress, step: progress.step + 1, stepInEpoch: 1 };
    const reached = evaluated(step, { scores: scoresOf(top1), average, seconds: 1 });
    progress = nextEpoch(reached);
    return reached;
  });
}

const bestEpochs = (states: readonly Progress[]) =>
  states.filter(isBest).map(({ epoch }) => epoch + 1);

describe('the best epoch', () => {
  it('is that of the weights where there is no average', () => {
    const states = trained([[50], [70], [60]]);
    assert.deepEqual(bestEpochs(states), [1, 2]);
    assert.deepEqual(states.at(-1)?.best, { ...scoresOf(70), epoch: 2, step: 2 });
  });

  it('is that of the averaged weights where there are any', () => {
    const states = trained([
      [90, 50],
      [80, 60],
      [95, 55],
    ]);
    assert.deepEqual(bestEpochs(states), [1, 2]);
    const best = { ...scoresOf(60), epoch: 2, step: 2, averaged: true };
    assert.deepEqual(states.at(-1)?.best, best);
    assert.equal(states.at(-1)?.last?.top1, 95);
  });

  it('is chosen anew where that of the weights was kept before', () => {
    const [before] = trained([[90]]);
    const average = scoresOf(40);
    const next = { ...nextEpoch(before as Progress), step: 2 };
    const { best } = evaluated(next, { scores: scoresOf(91), average, seconds: 1 });
    assert.deepEqual([best?.top1, best?.averaged], [40, true]);
  });

  it('is what early stopping and its note count from', () => {
    const limits = new Limits({ maxSteps: null, maxMinutes: null, earlyStopPatience: 2 }, 0);
    const endAfter = (epochs: Parameters<typeof trained>[0]) => {
      return limits.reached(nextEpoch(trained(epochs).at(-1) as Progress));
    };
    const rising = [
      [50, 60],
      [60, 59],
      [70, 58],
    ] as const;
    const falling = [
      [70, 50],
      [60, 51],
      [50, 52],
    ] as const;
    assert.equal(
      endAfter(rising),
      '2 epochs without a better Acc@1 of the averaged weights (--early-stop-patience)',
    );
    assert.equal(endAfter(falling), undefined);
  });

  it('is what a plateau waits for', () => {
    const schedule: Schedule = {
      ...{ epochs: 9, stepsPerEpoch: 1, gradAccumSteps: 1, lr: 1, lrGamma: 0.5 },
      ...{ lrStepSize: 1, lrMilestones: null, lrPower: 1, lrMin: null },
      ...{ lrWarmupSteps: 0, lrWarmupEpochs: null, lrWarmupDecay: null },
      ...{ cycleMomentum: true, baseMomentum: 0.85, maxMomentum: 0.95 },
      lrScheduler: 'plateau',
      lrWarmupMethod: 'linear',
    };
    const rollbacks = { lowered: (given: Schedule) => given };
    const rateAfter = (epochs: readonly (readonly [number, number])[]) => {
      const updating = new Updating({ emaDecay: 0.9, patience: 0 }, schedule, rollbacks, undefined);
      for (const [top1, average] of epochs) {
        updating.onEvaluation(scoresOf(top1), scoresOf(average), true);
      }
      return updating.rate(epochs.length);
    };
    assert.equal(
      rateAfter([
        [50, 60],
        [60, 59],
      ]),
      0.5,
    );
    assert.equal(
      rateAfter([
        [60, 50],
        [50, 60],
      ]),
      1,
    );
  });
});
