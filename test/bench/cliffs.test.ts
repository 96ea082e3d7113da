import assert from 'node:assert/strict';
import { cliffs } from '../../bench/cliffs.js';

const batches = (...rates: number[]) =>
  rates.map((images_per_second, index) => ({
    ...{ batch_size: 2 ** index, input_size: 224, images_per_second },
  }));

describe('cliffs of a scale curve', () => {
  it('are falls of more than a third from one batch size to the next', () => {
    assert.deepEqual(cliffs(batches(10, 20, 13.4, 30)), []);
    const fallen = batches(10, 20, 13.3, 30);
    assert.deepEqual(cliffs(fallen), [[fallen[1], fallen[2]]]);
    assert.deepEqual(cliffs(fallen.toReversed()), [[fallen[1], fallen[2]]]);
    assert.deepEqual(cliffs([]), []);
  });

  it('count pixels where images grow', () => {
    const sizes = (...rates: number[]) =>
      rates.map((images_per_second, index) => ({
        ...{ batch_size: 8, input_size: 64 * (index + 1), images_per_second },
      }));
    assert.deepEqual(cliffs(sizes(90, 22.5, 10)), []);
    assert.equal(cliffs(sizes(90, 22.5, 6)).length, 1);
  });
});
