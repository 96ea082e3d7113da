import assert from 'node:assert/strict';
import { compareCells, verdictText } from '../../src/experiment/results/comparisons.js';
import { findingOf } from '../../src/experiment/results/findings.js';
import type { RunResult } from '../../src/experiment/results/run-result.js';

/** A run on data of that fingerprint, by a network that sees so many pixels. */
function run(cell: string, seed: number, top1: number, size = 28, fingerprint = `data-${seed}`) {
  const settings = {
    arch: { value: 'lenet5' },
    'input-size': { value: size },
    channels: { value: 1 },
  };
  const data = { name: 'digits', fingerprint, classes: ['0', '1'] };
  return { cell, seed, measures: { top1 }, record: { settings, data } } as unknown as RunResult;
}

function compare(runs: readonly RunResult[], mixed = false) {
  const [found] = compareCells({ pairs: [['a', 'b']], measures: ['top1'] }, runs, mixed);
  assert.ok(found !== undefined);
  return found;
}

describe('the comparison of two cells', () => {
  // Of each seed the difference is 1, 2 and 3: its mean 2 ± 4.3027 · 1/√3.
  const three = [
    ...[run('a', 1, 50), run('a', 2, 60), run('a', 3, 70)],
    ...[run('b', 3, 73), run('b', 1, 51), run('b', 2, 62)],
  ];

  it('pairs the runs by their seeds', () => {
    const { n, difference, interval, verdict } = compare(three);
    assert.deepEqual([n, difference, verdict], [3, 2, 'noise']);
    assert.deepEqual(
      interval?.map((bound) => bound.toFixed(3)),
      ['-0.484', '4.484'],
    );
  });

  it('finds a difference whose interval is on one side of 0', () => {
    const clear = compare([
      ...three.slice(0, 3),
      run('b', 1, 53),
      run('b', 2, 62.5),
      run('b', 3, 73.2),
    ]);
    assert.deepEqual([clear.n, clear.verdict], [3, 'different']);
    assert.equal(verdictText(clear), 'more than noise');
  });

  it('takes only seeds that both have, and says where those are too few', () => {
    const { n, difference, interval, verdict } = compare([
      run('a', 1, 50),
      run('a', 2, 1),
      run('b', 1, 52),
    ]);
    assert.deepEqual([n, difference, interval, verdict], [1, 2, undefined, 'too few seeds']);
    assert.equal(compare([run('a', 1, 50)]).n, 0);
  });

  it('is refused for other data and other protocols, unless told otherwise', () => {
    const data = [run('a', 1, 50), run('b', 1, 52, 28, 'other')];
    assert.match(compare(data).why ?? '', /a and b were trained on different data/);
    const size = [run('a', 1, 50), run('b', 1, 52, 32)];
    assert.match(
      compare(size).why ?? '',
      /different protocols \(28×28 pixels of 28, 32×32 pixels of 32\)/,
    );
    assert.equal(compare(size, true).difference, 2);
  });
});

describe('the finding of a question', () => {
  it('is the first sentence below its heading', () => {
    const text =
      '# A\n\nB.\n\n## Finding\n\n**It held** at 3.5 %,\nnearly. Not more.\n\n## C\n\nD.\n';
    assert.equal(findingOf(text), 'It held at 3.5 %, nearly.');
    assert.equal(findingOf('## Findings\nYes'), 'Yes');
    assert.equal(findingOf('# A\n\nNo finding yet.\n'), undefined);
    assert.equal(findingOf('## Finding\n\n## Next\n\nText.\n'), undefined);
  });
});
