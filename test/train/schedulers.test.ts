/** Our schedules against what schedulers.py recorded of PyTorch's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { findArchitecture } from '../../src/archs/index.js';
import { resolveTraining } from '../../src/settings/resolve-training.js';
import { afterEvaluation, type Plateau } from '../../src/train/plateau.js';
import { cycledMomentum, learningRate, type Schedule } from '../../src/train/schedule.js';

interface Goldens {
  readonly schedules: Readonly<
    Record<string, { readonly settings: Partial<Schedule>; readonly values: readonly number[] }>
  >;
  readonly accuracies: readonly number[];
  readonly plateaus: readonly {
    readonly patience: number;
    readonly lrMin: number;
    readonly rates: readonly number[];
  }[];
}

const { schedules, accuracies, plateaus }: Goldens = JSON.parse(
  readFileSync(new URL('schedulers.json', import.meta.url), 'utf8'),
);

/** Six epochs of ten steps, and the defaults of the options. */
const BASE: Schedule = {
  ...resolveTraining(findArchitecture('lenet5'), [
    { values: { lr: 0.1, epochs: 6, 'lr-scheduler': 'constant' }, source: 'flag' },
  ]).settings,
  stepsPerEpoch: 10,
};

function assertNear(found: number | undefined, expected: number | undefined, where: string): void {
  assert.ok(found !== undefined && expected !== undefined, where);
  assert.ok(
    Math.abs(found - expected) < 1e-7 * expected + 1e-10,
    `${where}: ${found}, ${expected}`,
  );
}

describe("PyTorch's schedulers", () => {
  for (const [name, { settings, values }] of Object.entries(schedules)) {
    it(`${name} is --lr-scheduler ${settings.lrScheduler}`, () => {
      const schedule = { ...BASE, ...settings };
      const valueAt = /momentum|beta/.test(name) ? cycledMomentum : learningRate;
      assert.equal(values.length, 60);
      for (const [step, value] of values.entries()) {
        assertNear(valueAt(step, schedule), value, `step ${step}`);
      }
    });
  }

  for (const { patience, lrMin, rates } of plateaus) {
    it(`ReduceLROnPlateau is plateau with --patience ${patience} and --lr-min ${lrMin}`, () => {
      const schedule: Schedule = { ...BASE, lrScheduler: 'plateau', lrGamma: 0.1, lrMin };
      let state: Plateau | undefined;
      for (const [epoch, accuracy] of accuracies.entries()) {
        state = afterEvaluation(state, accuracy, patience);
        assertNear(learningRate(0, schedule, state.falls), rates[epoch], `epoch ${epoch}`);
      }
      assert.ok((state?.falls ?? 0) > 0);
    });
  }
});
