import assert from 'node:assert/strict';
import {
  meanInterval,
  spreadOf,
  studentQuantile,
  studentShare,
} from '../../src/experiment/results/student.js';

describe("Student's t", () => {
  // The 97.5 % points of the tables in textbooks.
  for (const [freedom, point] of [
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [10, 2.228],
    [30, 2.042],
    [120, 1.98],
  ] as const) {
    it(`with ${freedom} degrees of freedom has 95 % within ${point}`, () => {
      assert.equal(studentQuantile(freedom).toFixed(3), point.toFixed(3));
    });
  }

  it('has the shares that follow by hand', () => {
    // Of Cauchy's distribution, half is within 1; with two degrees of freedom it is t/√(2 + t²).
    assert.ok(Math.abs(studentShare(1, 1) - 0.5) < 1e-15);
    assert.ok(Math.abs(studentShare(3, 2) - 3 / Math.sqrt(11)) < 1e-15);
    assert.equal(studentShare(0, 7), 0);
  });
});

describe('the spread of values', () => {
  it('has the deviation of a sample', () => {
    assert.deepEqual(spreadOf([2, 4, 4, 4, 5, 5, 7, 9]), {
      ...{ n: 8, mean: 5 },
      deviation: Math.sqrt(32 / 7),
    });
    assert.deepEqual(spreadOf([3]), { n: 1, mean: 3, deviation: undefined });
    assert.equal(spreadOf([]), undefined);
  });

  it("has Student's interval of the mean", () => {
    // Sleep gained by ten patients with one drug over another; Student, 1908: t(9) gives 0.700 to 2.460.
    const gained = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];
    const interval = meanInterval(spreadOf(gained) as NonNullable<ReturnType<typeof spreadOf>>);
    assert.deepEqual(
      interval?.map((bound) => bound.toFixed(3)),
      ['0.700', '2.460'],
    );
    assert.equal(meanInterval({ n: 1, mean: 3, deviation: undefined }), undefined);
  });
});
