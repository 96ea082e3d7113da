import assert from 'node:assert/strict';
import { Outcomes } from '../../src/evaluate/outcomes.js';
import { findSuspects } from '../../src/evaluate/suspects.js';

/** The outcomes of images with these labels and probabilities; none for one that cannot be read. */
function outcomesOf(rows: readonly (readonly [label: number, probabilities?: number[]])[]) {
  const outcomes = new Outcomes(Int32Array.from(rows, ([label]) => label));
  for (const [image, [label, probabilities]] of rows.entries()) {
    if (probabilities === undefined) continue;
    const loss = -Math.log(probabilities[label] as number);
    outcomes.add(image, Float64Array.from(probabilities), loss);
  }
  return outcomes;
}

describe('labels that look wrong', () => {
  it('are those of which a network is as sure of another class as it is where that is right', () => {
    const outcomes = outcomesOf([
      [0, [0.9, 0.1, 0]],
      [0, [0.7, 0.2, 0.1]],
      // Means of the classes' own probabilities: 0.533, 0.625 and 0.8.
      [0, [0, 0.9, 0.1]],
      [1, [0.2, 0.8, 0]],
      // Not as sure of the third class as of its own images.
      [1, [0.05, 0.45, 0.5]],
      [2, [0.1, 0.1, 0.8]],
      [2],
    ]);
    const [first, ...others] = findSuspects(outcomes, 4);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [first?.image, first?.label, first?.predicted, first?.confidence, first?.own],
      [2, 0, 1, 0.9, 0],
    );
  });

  it('come in the order of how sure it is', () => {
    const outcomes = outcomesOf([
      [0, [0.4, 0.6]],
      [0, [0.1, 0.9]],
      [1, [0.5, 0.5]],
      [1, [0.3, 0.7]],
    ]);
    assert.deepEqual(
      findSuspects(outcomes, 2).map(({ image }) => image),
      [1, 0, 2],
    );
  });
});
