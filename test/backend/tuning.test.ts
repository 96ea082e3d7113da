/** Candidates are chosen by measurement, and what was measured is kept. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { type CandidateTime, callKey, type DescribedCall } from '../../src/backend/tuning/calls.js';
import {
  addTimes,
  describeMachine,
  readTimes,
  timesFile,
} from '../../src/backend/tuning/kept-times.js';
import { fastestOf } from '../../src/backend/tuning/measured-calls.js';
import { fasterPrecision, timeStep } from '../../src/backend/tuning/precision.js';
import { areFor, repeatChoices, tune } from '../../src/backend/tuning/tune.js';
import { estimateMemory } from '../../src/measure/memory.js';
import { decidePrecision } from '../../src/session/tuning.js';
import { numbers } from '../network/backends.js';
import { device, onNative } from './compare.js';

const time = (name: string, seconds: number, more: Partial<CandidateTime> = {}) => {
  return { name, seconds, spread: 1, agrees: true, ...more };
};
const chosen = (...found: CandidateTime[]) => fastestOf(found)?.candidate;

/** The call that a kernel is. */
function callOf(compute: () => void): DescribedCall {
  const backend = device();
  let call: DescribedCall | undefined;
  backend.onRun = (kernel, inputs, outputs, parameters) => {
    call = backend.describe(kernel, inputs, outputs, parameters);
  };
  tf.tidy(compute);
  backend.onRun = undefined;
  assert.ok(call);
  return call;
}

/** An input's gradient, which has several candidates on most machines. */
const inputGradient = () =>
  callOf(() => {
    const dy = tf.tensor4d(numbers(2 * 9 * 9 * 16, 1), [2, 9, 9, 16]);
    const filter = tf.tensor4d(numbers(2 * 2 * 16 * 16, 2), [2, 2, 16, 16]);
    tf.conv2dTranspose(dy, filter, [2, 10, 10, 16], 1, 'valid');
  });

/** A forward convolution, of which a test plants candidates. */
const forward = () =>
  callOf(() => {
    const x = tf.tensor4d(numbers(2 * 9 * 9 * 5, 1), [2, 9, 9, 5]);
    tf.conv2d(x, tf.tensor4d(numbers(3 * 3 * 5 * 7, 2), [3, 3, 5, 7]), 1, 'same');
  });

describe('the precision of a step', () => {
  it('is bf16 if that is faster by more than rounding is worth', () => {
    assert.equal(fasterPrecision({ f32: 100, bf16: 60 }), 'bf16');
    assert.equal(fasterPrecision({ f32: 100, bf16: 97 }), 'f32');
    assert.equal(fasterPrecision({ f32: 100, bf16: 300 }), 'f32');
  });
  it('is told with its reason', () => {
    const { precision, reason } = decidePrecision({ f32: 100, bf16: 60.4 });
    assert.equal(`${precision}: ${reason}`, 'bf16: measured: 60 ms a step, f32 100');
  });
});

describe('of the candidates of a call', () => {
  it('the fastest is chosen, if it is worth it', () => {
    assert.equal(chosen(time('fixed', 2), time('a', 1.5), time('b', 1.2)), 'b');
    assert.equal(chosen(time('fixed', 1), time('a', 0.96)), 'fixed');
    assert.equal(chosen(time('fixed', 1), time('slow', 3)), 'fixed');
    assert.equal(chosen(time('fixed', 1)), 'fixed');
  });
  it('one that computes something else, or was not run, is not chosen', () => {
    assert.equal(chosen(time('fixed', 1), time('wrong', 0.1, { agrees: false })), 'fixed');
    assert.equal(chosen(time('fixed', 1), time('late', Number.POSITIVE_INFINITY)), 'fixed');
  });
  it('none is chosen by times that vary', () => {
    assert.equal(chosen(time('fixed', 1, { spread: 3 }), time('a', 0.1)), undefined);
    assert.equal(chosen(time('fixed', 1), time('a', 0.1, { spread: 3 })), undefined);
    assert.equal(chosen(time('fixed', 1), time('a', 5, { spread: 3 })), 'fixed');
  });
});

onNative(({ name, precision }) => {
  if (name === 'cuda' || precision === 'bf16') return;
  describe('what was measured', () => {
    let folder: string;
    const before = process.env['CNN_CACHE'];
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cnn-tuning-'));
      process.env['CNN_CACHE'] = folder;
    });
    afterEach(async () => {
      delete process.env['CNN_PLANTED'];
      if (before === undefined) delete process.env['CNN_CACHE'];
      else process.env['CNN_CACHE'] = before;
      device().setChoices([]);
      await rm(folder, { recursive: true });
    });

    const machineHere = () => describeMachine(device().queue.description, device().threads);
    /** Keeps a candidate as the fastest of a call. */
    const keep = async (call: DescribedCall, candidate: string) =>
      addTimes(await machineHere(), {
        [callKey(call)]: { candidate, milliseconds: { [candidate]: 1 } },
      });

    it('is kept for this machine, and chosen the next time', async () => {
      const counted = [{ call: inputGradient(), count: 3 }];
      const first = await tune(device(), counted, { times: 1000 });
      assert.deepEqual(first.warnings, []);
      const again = await tune(device(), counted, {});
      assert.equal(again.newly, 0);
      assert.deepEqual(again.choices, first.choices);
      assert.deepEqual(again.measured, first.measured);
      // On a machine that is busy nothing is kept.
      const { milliseconds = {} } = Object.values(first.measured)[0] ?? {};
      if (first.newly > 0) assert.ok(Object.keys(milliseconds).length >= 2);
      const other = { ...(await machineHere()), threads: 77 };
      assert.deepEqual(await readTimes(other), {});
    });

    it('is a step in both precisions', async () => {
      const sizes = { batchSize: 4, inputSize: 12, channels: 3, numClasses: 3 } as const;
      const callsIn = async (wanted: 'f32' | 'bf16') => {
        const backend = { name: 'cpu', precision: wanted } as const;
        return (await estimateMemory(findArchitecture('lenet5'), backend, sizes)).calls;
      };
      const calls = { f32: await callsIn('f32'), bf16: await callsIn('bf16') };
      assert.equal(await timeStep(device(), calls, undefined), undefined);
      const { f32 = 0, bf16 = 0 } = (await timeStep(device(), calls, 2)) ?? {};
      assert.ok(f32 > 0 && bf16 > 0, `${f32} and ${bf16}`);
      const keys = Object.keys(await readTimes(await machineHere()));
      assert.deepEqual(
        keys.filter((key) => /^(Sgd|Accumulate)/.test(key)),
        [],
      );
    });

    it('is not measured where no time is given', async () => {
      const { choices, measured, newly } = await tune(
        device(),
        [{ call: inputGradient(), count: 1 }],
        {},
      );
      assert.deepEqual({ choices, measured, newly }, { choices: {}, measured: {}, newly: 0 });
    });

    it('is not kept where time did not suffice for all candidates', async () => {
      const counted = [{ call: inputGradient(), count: 1 }];
      const { measured, choices } = await tune(device(), counted, { times: 1e-9 });
      assert.deepEqual({ measured, choices }, { measured: {}, choices: {} });
      assert.deepEqual(await readTimes(await machineHere()), {});
    });

    it('is chosen if this machine can compute it', async () => {
      process.env['CNN_PLANTED'] = 'slow';
      const call = forward();
      const counted = [{ call, count: 1 }];
      await keep(call, 'planted_slow');
      assert.deepEqual((await tune(device(), counted, {})).choices, {
        [callKey(call)]: 'planted_slow',
      });
      for (const none of ['planted_wrong', 'constructor', 'no candidate']) {
        await rm(timesFile(await machineHere()));
        await keep(call, none);
        assert.deepEqual((await tune(device(), counted, {})).choices, {}, none);
      }
    });

    it('is none in a file that is damaged', async () => {
      const call = inputGradient();
      await keep(call, 'turned');
      const machine = await machineHere();
      const file = timesFile(machine);
      const whole = await readFile(file, 'utf8');
      assert.notDeepEqual(await readTimes(machine), {});
      const damaged = [
        '',
        'null',
        '[]',
        whole.slice(0, -10),
        whole.replace('"version":1', '"version":2'),
        whole.replace(/"threads":\d+/, '"threads":99'),
        whole.replace('"turned":1', '"turned":-1'),
        whole.replace('"turned":1', '"turned":"1"'),
        whole.replace(/"candidate":"turned"/, '"candidate":7'),
        `{"__proto__":${whole}}`,
      ];
      for (const content of damaged) {
        await writeFile(file, content);
        assert.deepEqual(await readTimes(machine), {}, content.slice(0, 80));
      }
      await keep(call, 'turned');
      assert.equal(Object.keys(await readTimes(machine)).length, 1);
    });

    it('is not a candidate that is wrong, which is named', async () => {
      process.env['CNN_PLANTED'] = 'wrong';
      const call = forward();
      const { choices, measured, warnings } = await tune(device(), [{ call, count: 1 }], {
        times: 1000,
      });
      assert.deepEqual(choices, {});
      assert.match(warnings.join(), /^The candidate planted_wrong computes something else than/);
      for (const { milliseconds } of Object.values(measured)) {
        assert.ok(!('planted_wrong' in milliseconds));
      }
    });

    it('is not a candidate that is slow', async () => {
      process.env['CNN_PLANTED'] = 'slow';
      const call = forward();
      const { choices, warnings } = await tune(device(), [{ call, count: 1 }], { times: 1000 });
      assert.notEqual(choices[callKey(call)], 'planted_slow');
      assert.deepEqual(warnings, []);
    });

    it('is repeated as a run had it, as far as this machine can', () => {
      process.env['CNN_PLANTED'] = 'slow';
      const call = forward();
      const key = callKey(call);
      const counted = [{ call, count: 1 }];
      assert.deepEqual(repeatChoices(device(), counted, { [key]: 'planted_slow' }), []);
      assert.deepEqual(repeatChoices(device(), counted, { [key]: 'planted_wrong' }), [key]);
      assert.deepEqual(repeatChoices(device(), counted, { other: 'planted_slow' }), []);
      assert.equal(areFor({ [key]: 'planted_slow' }, counted), true);
      assert.equal(areFor({ other: 'planted_slow' }, counted), false);
    });
  });
});
