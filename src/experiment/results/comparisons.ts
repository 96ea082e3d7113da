/** Whether two cells differ by more than the noise between seeds. */

import { cardOf } from '../../evaluate/network-of-run.js';
import { sameImages } from '../../runs/comparable.js';
import type { Experiment } from '../file/experiment.js';
import { MEASURES, type Measure } from '../file/format.js';
import type { RunResult } from './run-result.js';
import { meanInterval, spreadOf } from './student.js';

/** The second cell less the first, over the seeds that both have. */
export interface CellComparison {
  readonly first: string;
  readonly second: string;
  readonly measure: Measure;
  /** Seeds. */
  readonly n: number;
  readonly difference: number | undefined;
  /** Its 95 % interval by Student's t of the paired differences. */
  readonly interval: readonly [number, number] | undefined;
  /** `refused`: the runs do not compare, for the reason in `why`. */
  readonly verdict: 'different' | 'noise' | 'too few seeds' | 'refused';
  readonly why?: string;
}

export function compareCells(
  { pairs, measures }: Pick<Experiment, 'pairs' | 'measures'>,
  runs: readonly RunResult[],
  mixed: boolean,
): CellComparison[] {
  return pairs.flatMap(([first, second]) => {
    const both = runs
      .filter(({ cell }) => cell === first)
      .flatMap((one): [RunResult, RunResult][] => {
        const other = runs.find(({ cell, seed }) => cell === second && seed === one.seed);
        return other === undefined ? [] : [[one, other]];
      });
    return measures.map((measure) => comparison(first, second, measure, both, mixed));
  });
}

function comparison(
  first: string,
  second: string,
  measure: Measure,
  pairs: readonly (readonly [RunResult, RunResult])[],
  mixed: boolean,
): CellComparison {
  const differences = pairs.flatMap(([a, b]) => {
    const [one, other] = [a.measures[measure], b.measures[measure]];
    return one === undefined || other === undefined ? [] : [other - one];
  });
  const about = { first, second, measure, n: differences.length };
  const why = mixed ? undefined : pairs.map((pair) => unlikeness(...pair)).find(Boolean);
  if (why !== undefined) {
    return { ...about, difference: undefined, interval: undefined, verdict: 'refused', why };
  }
  const spread = spreadOf(differences);
  const difference = spread?.mean;
  const interval = spread && meanInterval(spread);
  if (interval === undefined) return { ...about, difference, interval, verdict: 'too few seeds' };
  const [low, high] = interval;
  return { ...about, difference, interval, verdict: low > 0 || high < 0 ? 'different' : 'noise' };
}

/** Why the scores of two runs are not of one kind; undefined where they are. */
export function unlikeness(a: RunResult, b: RunResult): string | undefined {
  if (!sameImages(a.record.data, b.record.data)) {
    const [one, other] = [a.record.data, b.record.data];
    return `${a.cell} and ${b.cell} were trained on different data (${one.name}, ${other.name})`;
  }
  const [one, other] = [viewOf(a), viewOf(b)];
  if (one === other) return undefined;
  return `${a.cell} and ${b.cell} were evaluated by different protocols (${one}, ${other})`;
}

/** How a training saw the validation images. */
function viewOf({ record }: RunResult): string {
  const { resize, size } = cardOf(record).transform;
  return `${size}×${size} pixels of ${Array.isArray(resize) ? resize.join(' to ') : resize}`;
}

/** A comparison as a sentence. */
export function verdictText({ verdict, why, n }: CellComparison): string {
  if (verdict === 'refused') return `not compared: ${why}`;
  if (verdict === 'too few seeds') return `too few seeds (${n})`;
  return verdict === 'noise' ? 'may be noise' : 'more than noise';
}

export function measureText(measure: Measure): string {
  return MEASURES[measure];
}
