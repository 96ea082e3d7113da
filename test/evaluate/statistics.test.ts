import assert from 'node:assert/strict';
import { mcnemar, pairedDifference, wilson } from '../../src/evaluate/statistics.js';

/** C(count, k). */
function binomial(count: number, k: number): number {
  return Array.from({ length: k }, (_, i) => (count - i) / (i + 1)).reduce((a, b) => a * b, 1);
}

describe('statistics of accuracies', () => {
  it("have Wilson's interval, as tables of it do", () => {
    // Newcombe, 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    for (const [hits, count, low, high] of [
      [81, 263, 25.53, 36.62],
      [15, 148, 6.24, 16.05],
      [0, 20, 0, 16.11],
      [1, 29, 0.61, 17.18],
    ] as const) {
      const found = wilson(hits, count);
      assert.ok(Math.abs(found[0] - low) < 0.006 && Math.abs(found[1] - high) < 0.006, `${found}`);
    }
    assert.deepEqual(wilson(7, 7)[1], 100);
    assert.deepEqual(wilson(0, 0), [0, 100]);
  });

  it("have McNemar's exact test and its mid-p", () => {
    const { p, midP } = mcnemar(6, 16);
    const tail = Array.from({ length: 7 }, (_, k) => binomial(22, k)).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(p - (2 * tail) / 2 ** 22) < 1e-12);
    assert.ok(Math.abs(midP - (2 * tail - binomial(22, 6)) / 2 ** 22) < 1e-12);
    assert.deepEqual(mcnemar(16, 6).p, p);
    assert.equal(mcnemar(5, 5).p, 1);
    assert.ok(Math.abs(mcnemar(1, 1).midP - 0.75) < 1e-12);
    assert.equal(mcnemar(0, 0).p, 1);
    // An odd number of images that are shared as evenly as can be.
    assert.ok(Math.abs(mcnemar(1, 2).p - 1) < 1e-12);
    // 2^-5000 is no number of float64.
    const many = mcnemar(2400, 2600).p;
    assert.ok(many > 0.004 && many < 0.006, `${many}`);
  });

  it('have the interval of a difference on the same images', () => {
    const { difference, interval } = pairedDifference(6, 16, 100);
    assert.equal(difference, 10);
    // Agresti and Min, 2005: half an image is added to each of the four cells.
    const [shift, spread] = [10 / 102, Math.sqrt(23 / 102 - (10 / 102) ** 2) / Math.sqrt(102)];
    assert.ok(Math.abs(interval[0] - 100 * (shift - 1.959964 * spread)) < 1e-4);
    assert.ok(Math.abs(interval[1] - 100 * (shift + 1.959964 * spread)) < 1e-4);
  });
});
