/** Which runs `--only` chooses. */
import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import { wildcard } from '../../wildcard.js';
import type { PlannedRun } from './runs.js';

/** The runs that any pattern names: `plain-20`, `resnet-*`, `plain-20/1`; null is all of them. */
export function chosenRuns(
  runs: readonly PlannedRun[],
  patterns: readonly string[] | null,
): PlannedRun[] {
  if (patterns === null) return [...runs];
  const tests = patterns.map((pattern) => {
    const test = testOf(pattern);
    if (runs.some(test)) return test;
    const names = [...new Set(runs.map(({ cell }) => cell.name))];
    const hint = didYouMean(pattern, names) || ` Cells are ${names.join(', ')}`;
    throw new UsageError(`Expected --only to name cells but "${pattern}" names none.${hint}`);
  });
  return runs.filter((run) => tests.some((test) => test(run)));
}

function testOf(pattern: string): (run: PlannedRun) => boolean {
  const names = wildcard(pattern);
  return pattern.includes('/')
    ? ({ name }) => names.test(name)
    : ({ cell }) => names.test(cell.name);
}
