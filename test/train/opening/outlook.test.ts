import assert from 'node:assert/strict';
import type { Lap } from '../../../src/session/pace.js';
import { type Expectation, Outlook, type RunLength } from '../../../src/train/opening/outlook.js';

const START = { epoch: 0, stepInEpoch: 0, step: 0 };

/** 100 steps of 32 images an epoch; an evaluation of 320 images. */
const RUN: RunLength = {
  epochs: 10,
  stepsPerEpoch: 100,
  maxSteps: null,
  validationImages: 320,
  alternate: true,
  kept: () => false,
};

/** 50 steps of 0.3 s, `waiting` seconds of which each waited for images. */
function lap(waiting: number, steps = 50): Lap {
  return { steps, images: 32 * steps, seconds: 0.3 * steps, waiting: waiting * steps };
}

function openOutlook(run: Partial<RunLength>, start = START) {
  const expectations: Expectation[] = [];
  const limits: number[] = [];
  const outlook = new Outlook({ ...RUN, ...run }, start, {
    onExpectation: (expectation) => expectations.push(expectation),
    onDecodingLimits: (percent) => limits.push(percent),
  });
  return { outlook, expectations, limits };
}

function near(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 1e-9, `${actual} ${expected}`);
}

describe('the outlook of a run', () => {
  it('adds up the steps and evaluations of all epochs', () => {
    const { outlook, expectations } = openOutlook({});
    outlook.measure(lap(0.06), lap(0.06));
    const [expectation] = expectations;
    assert.ok(expectation);
    // An evaluated image waits as long as a trained one and computes a third as long.
    const evaluation = 320 * (0.06 / 32 + 0.24 / 32 / 3);
    near(expectation.epochSeconds, 30 + evaluation);
    near(expectation.firstEpochSeconds, 30 + evaluation);
    near(expectation.seconds, 10 * (30 + evaluation));
    near(expectation.imagesPerSecond, 32 / 0.3);
    near(expectation.dataWaitPercent, 20);
    assert.equal(expectation.limit, 'computing');
  });

  it('counts no waiting in later epochs where images stay in memory', () => {
    const { outlook, expectations } = openOutlook({ kept: () => true });
    outlook.measure(lap(0.18), lap(0.18));
    const [expectation] = expectations;
    assert.ok(expectation);
    near(expectation.firstEpochSeconds, 30 + 320 * (0.18 / 32 + 0.12 / 32 / 3));
    near(expectation.epochSeconds, 12 + 320 * (0.12 / 32 / 3));
    near(expectation.seconds, expectation.firstEpochSeconds + 9 * expectation.epochSeconds);
    assert.equal(expectation.limit, 'decoding');
  });

  it('ends with --max-steps and the evaluation after them', () => {
    const { outlook, expectations } = openOutlook({ maxSteps: 150 });
    outlook.measure(lap(0), lap(0));
    near(expectations[0]?.seconds, 150 * 0.3 + 2);
    assert.equal(outlook.pace(START).total, 150);
    // Two evaluations of 1 s: one after the first epoch, one after the last step.
    near(outlook.pace({ epoch: 0, stepInEpoch: 40, step: 40 }).secondsLeft, 110 * 0.3 + 2);
    near(outlook.pace({ epoch: 1, stepInEpoch: 49, step: 149 }).secondsLeft, 0.3 + 1);
  });

  it('takes an evaluation as long as the last one was', () => {
    const { outlook } = openOutlook({});
    outlook.measure(lap(0), lap(0));
    outlook.measureEvaluation(7);
    near(outlook.pace({ epoch: 8, stepInEpoch: 0, step: 800 }).secondsLeft, 200 * 0.3 + 2 * 7);
  });

  it('begins where a resumed run begins', () => {
    const { outlook, expectations } = openOutlook({}, { epoch: 9, stepInEpoch: 50, step: 950 });
    outlook.measure(lap(0), lap(0));
    near(expectations[0]?.seconds, 50 * 0.3 + 1);
  });

  it('expects after 20 steps and a second, or after 5 seconds, once', () => {
    const { outlook, expectations } = openOutlook({});
    const expected = (steps: number, seconds: number) => {
      outlook.measure(lap(0, 1), { ...lap(0, steps), seconds });
      return expectations.length;
    };
    assert.deepEqual(
      [expected(1, 9), expected(19, 4.9), expected(100, 0.9), expected(20, 1), expected(21, 2)],
      [0, 0, 0, 1, 1],
    );
    const slow = openOutlook({});
    slow.outlook.measure(lap(0, 1), { ...lap(0, 2), seconds: 5 });
    assert.equal(slow.expectations.length, 1);
  });

  it('expects at the end of an epoch of few steps', () => {
    const { outlook, expectations } = openOutlook({ stepsPerEpoch: 4 });
    outlook.measure(lap(0, 3), lap(0, 4));
    assert.equal(expectations.length, 0);
    outlook.endEpoch(4);
    outlook.endEpoch(4);
    assert.equal(expectations.length, 1);
  });

  it('says once that decoding limits: in the expectation, or when it begins to', () => {
    const late = openOutlook({});
    late.outlook.measure(lap(0.03), lap(0.03));
    late.outlook.window(lap(0.03));
    assert.deepEqual(late.limits, []);
    late.outlook.window(lap(0.18));
    late.outlook.window(lap(0.18));
    assert.deepEqual(late.limits.map(Math.round), [60]);

    const early = openOutlook({});
    early.outlook.measure(lap(0.18), lap(0.18));
    early.outlook.window(lap(0.18));
    assert.deepEqual(early.limits, []);
    assert.equal(early.expectations[0]?.limit, 'decoding');
  });

  it('finds that decoding limits by the larger part where it takes turns, else by any wait', () => {
    const limitOf = (alternate: boolean, waiting: number) => {
      const { outlook, expectations } = openOutlook({ alternate });
      outlook.measure(lap(waiting), lap(waiting));
      return expectations[0]?.limit;
    };
    assert.deepEqual(
      [limitOf(true, 0.14), limitOf(true, 0.16), limitOf(false, 0.03), limitOf(false, 0.08)],
      ['computing', 'decoding', 'computing', 'decoding'],
    );
  });
});
