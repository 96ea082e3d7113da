/** Every schedule against tables that were computed by hand. */
import assert from 'node:assert/strict';
import { findArchitecture } from '../../src/archs/index.js';
import { resolveSettings } from '../../src/settings/resolve.js';
import { afterEvaluation, type Plateau } from '../../src/train/plateau.js';
import {
  cycledMomentum,
  learningRate,
  type Schedule,
  updatesBefore,
  warmupUpdates,
} from '../../src/train/schedule.js';

/** Six epochs of ten steps. */
const BASE: Schedule = {
  lrScheduler: 'constant',
  lr: 0.1,
  lrStepSize: 2,
  lrMilestones: null,
  lrGamma: 0.1,
  lrPower: 1,
  lrMin: null,
  lrWarmupSteps: 0,
  lrWarmupEpochs: null,
  lrWarmupMethod: 'linear',
  lrWarmupDecay: null,
  cycleMomentum: true,
  baseMomentum: 0.85,
  maxMomentum: 0.95,
  gradAccumSteps: 1,
  stepsPerEpoch: 10,
  epochs: 6,
};

type Table = Readonly<Record<number, number>>;

// biome-ignore format: the rate at each of these steps
const TABLES: Readonly<Record<string, readonly [Partial<Schedule>, Table]>> = {
  'constant': [{}, { 0: 0.1, 7: 0.1, 59: 0.1 }],
  'step every second epoch': [{ lrScheduler: 'step' }, { 0: 0.1, 19: 0.1, 20: 0.01, 39: 0.01, 40: 0.001, 59: 0.001 }],
  'multistep after epochs 1 and 4': [
    { lrScheduler: 'multistep', lrMilestones: [1, 4], lrGamma: 0.5 },
    { 0: 0.1, 9: 0.1, 10: 0.05, 39: 0.05, 40: 0.025, 59: 0.025 }],
  'multistep after 1/2 and 3/4': [
    { lrScheduler: 'multistep', lrMilestones: [0.5, 0.75] },
    { 29: 0.1, 30: 0.01, 44: 0.01, 45: 0.001, 59: 0.001 }],
  'multistep within an epoch': [
    { lrScheduler: 'multistep', lrMilestones: [1.5] }, { 14: 0.1, 15: 0.01 }],
  'exponential': [{ lrScheduler: 'exponential', lrGamma: 0.5 }, { 0: 0.1, 9: 0.1, 10: 0.05, 20: 0.025, 59: 0.003125 }],
  'cosine': [{ lrScheduler: 'cosine' }, { 0: 0.1, 15: 0.05 * (1 + Math.SQRT1_2), 20: 0.075, 30: 0.05, 40: 0.025, 60: 0 }],
  'cosine to a least rate': [{ lrScheduler: 'cosine', lrMin: 0.02 }, { 0: 0.1, 20: 0.08, 30: 0.06, 40: 0.04, 60: 0.02 }],
  'poly of power 1': [{ lrScheduler: 'poly' }, { 0: 0.1, 6: 0.09, 30: 0.05, 54: 0.01, 60: 0 }],
  'poly of power 0.5': [{ lrScheduler: 'poly', lrPower: 0.5 }, { 0: 0.1, 45: 0.05, 60: 0 }],
  'poly of power 2 to a least rate': [{ lrScheduler: 'poly', lrPower: 2, lrMin: 0.02 }, { 0: 0.1, 30: 0.04, 60: 0.02 }],
  // PyTorch's OneCycleLR(max_lr=0.1, total_steps=60): from 1/25 to the whole at step 17, to 1/250000 at step 59.
  'onecycle': [{ lrScheduler: 'onecycle' }, { 0: 0.004, 17: 0.1, 38: 0.0500002, 59: 4e-7 }],
  'onecycle to a least rate': [{ lrScheduler: 'onecycle', lrMin: 0.02 }, { 0: 0.004, 17: 0.1, 38: 0.06, 59: 0.02 }],
  'a linear warm-up of 20 steps': [
    { lrScheduler: 'cosine', lrWarmupSteps: 20 }, { 0: 0.005, 9: 0.05, 19: 0.1, 20: 0.1, 40: 0.05, 60: 0 }],
  'a linear warm-up of half an epoch from a fifth': [
    { lrWarmupEpochs: 0.5, lrWarmupDecay: 0.2 }, { 0: 0.036, 1: 0.052, 4: 0.1, 5: 0.1 }],
  'a constant warm-up': [
    { lrWarmupSteps: 5, lrWarmupMethod: 'constant' }, { 0: 0.01, 4: 0.01, 5: 0.1 }],
  'a constant warm-up at a share of its own': [
    { lrWarmupEpochs: 1, lrWarmupMethod: 'constant', lrWarmupDecay: 0.5 }, { 0: 0.05, 9: 0.05, 10: 0.1 }],
  // Groups of 4, 4 and 2 steps: 18 updates in all.
  'groups of four steps': [
    { lrScheduler: 'poly', gradAccumSteps: 4 }, { 0: 0.1, 3: 0.1, 4: 0.1 * 17 / 18, 8: 0.1 * 16 / 18, 9: 0.1 * 16 / 18, 10: 0.1 * 15 / 18, 59: 0.1 / 18 }],
};

function assertClose(actual: number, expected: number, what: string): void {
  const close = Math.abs(actual - expected) <= 1e-9 * Math.max(1e-6, Math.abs(expected));
  assert.ok(close, `${what}: ${actual} is not ${expected}`);
}

// biome-ignore format: the momentum at each of these steps
const MOMENTA: Readonly<Record<string, readonly [Partial<Schedule>, Table]>> = {
  // PyTorch's OneCycleLR(total_steps=60): down to step 17, then a third, half and two thirds of the way up.
  'a cycle': [{}, { 0: 0.95, 8: 0.9 + 0.05 * Math.cos((Math.PI * 8) / 17), 17: 0.85, 31: 0.875, 38: 0.9, 45: 0.925, 59: 0.95 }],
  'a cycle between other bounds': [
    { baseMomentum: 0.5, maxMomentum: 0.9 }, { 0: 0.9, 17: 0.5, 31: 0.6, 38: 0.7, 45: 0.8, 59: 0.9 }],
  // 18 updates: the turn is at 0.3 * 18 - 1 = 4.4, the end at 17, half of the rise at 10.7.
  'a cycle of groups of four steps': [
    { gradAccumSteps: 4 }, { 0: 0.95, 3: 0.95, 4: 0.9 + 0.05 * Math.cos(Math.PI / 4.4), 59: 0.95 }],
};

describe('cycledMomentum', () => {
  for (const [name, [settings, table]] of Object.entries(MOMENTA)) {
    it(`follows ${name}`, () => {
      const schedule: Schedule = { ...BASE, lrScheduler: 'onecycle', ...settings };
      for (const [step, momentum] of Object.entries(table)) {
        assertClose(cycledMomentum(Number(step), schedule) ?? 0, momentum, `step ${step}`);
      }
    });
  }

  it('is nothing for other schedules, and where it is not to cycle', () => {
    assert.equal(cycledMomentum(0, { ...BASE, lrScheduler: 'cosine' }), undefined);
    const still = { ...BASE, lrScheduler: 'onecycle', cycleMomentum: false } as const;
    assert.equal(cycledMomentum(0, still), undefined);
  });
});

describe('learningRate', () => {
  for (const [name, [settings, table]] of Object.entries(TABLES)) {
    it(`follows ${name}`, () => {
      const schedule = { ...BASE, ...settings };
      for (const [step, rate] of Object.entries(table)) {
        assertClose(learningRate(Number(step), schedule), rate, `step ${step}`);
      }
    });
  }

  it('falls on a plateau, down to the least rate', () => {
    const schedule = { ...BASE, lrScheduler: 'plateau' as const, lrMin: 0.005 };
    const rates = [0, 1, 2].map((falls) => learningRate(30, schedule, falls));
    [0.1, 0.01, 0.005].forEach((rate, falls) => {
      assertClose(rates[falls] ?? 0, rate, `${falls}`);
    });
  });
});

describe('a plateau', () => {
  // PyTorch's ReduceLROnPlateau(mode="max", patience=2), epoch by epoch.
  // biome-ignore format: accuracy, then epochs waited and falls
  const COURSE: readonly (readonly [top1: number, waited: number, falls: number])[] = [
    [50, 0, 0], [60, 0, 0], [60.005, 1, 0], [59, 2, 0], [58, 0, 1], [60.01, 0, 1], [60, 1, 1],
    [60, 2, 1], [60, 0, 2], [10, 1, 2], [10, 2, 2], [10, 0, 3],
  ];
  it('waits for its patience, counts again after a fall, and wants a better accuracy by 1e-4', () => {
    let state: Plateau | undefined;
    for (const [top1, waited, falls] of COURSE) {
      state = afterEvaluation(state, top1, 2);
      assert.deepEqual([state.waited, state.falls], [waited, falls], `after ${top1}`);
    }
  });
});

describe('the weights', () => {
  it('change once for each group of steps, the last of an epoch shorter', () => {
    const schedule = { ...BASE, gradAccumSteps: 4 };
    const counts = [0, 3, 4, 7, 8, 9, 10, 13, 14, 20].map((step) => updatesBefore(step, schedule));
    assert.deepEqual(counts, [0, 0, 1, 1, 2, 2, 3, 3, 4, 6]);
    assert.equal(warmupUpdates({ ...schedule, lrWarmupEpochs: 2, lrWarmupSteps: 5 }), 6);
  });
});

describe('the recipes of 32×32 networks', () => {
  // 50,000 images in batches of 128 are 390 whole steps of an epoch, 63,960 in all.
  for (const [name, stepsPerEpoch, falls] of [
    ['resnet20-cifar', 390, [31_980, 47_970]],
    ['densenet40-k12', 781, [117_150, 175_725]],
  ] as const) {
    it(`of ${name} falls after ${falls.join(' and ')} steps`, () => {
      const { settings } = resolveSettings('train', [], findArchitecture(name));
      const schedule = { ...settings, stepsPerEpoch };
      falls.forEach((step, index) => {
        assertClose(learningRate(step - 1, schedule), 0.1 ** (index + 1), 'before');
        assertClose(learningRate(step, schedule), 0.1 ** (index + 2), 'after');
      });
    });
  }
});
