/** A row for each cell: means over its seeds. */
import { isDeepStrictEqual } from 'node:util';
import { costOf } from '../../evaluate/network-of-run.js';
import type { OptionName, Value } from '../../settings/options/index.js';
import { CELL_OPTIONS, MEASURES, type Measure } from '../file/format.js';
import { type EnsembleScores, readEnsemble } from '../running/ensembles.js';
import type { Results, RunResult } from './run-result.js';
import { type Spread, spreadOf } from './student.js';

export interface CellResult {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Those in which the cells differ. */
  readonly settings: Readonly<Partial<Record<OptionName, Value>>>;
  readonly runs: readonly RunResult[];
  readonly measures: Readonly<Record<Measure, Spread | undefined>>;
  readonly imagesPerSecond: number | undefined;
  readonly seconds: number | undefined;
  /** The most of all its runs. */
  readonly peakBytes: number | undefined;
  readonly parameters: number | undefined;
  readonly macs: number | undefined;
  readonly ensemble: EnsembleScores | undefined;
}

/** Of a cell without a run. */
const UNKNOWN_COST = { parameters: undefined, macs: undefined };

export async function cellResults({ experiment, runs }: Results): Promise<CellResult[]> {
  const varying = varyingSettings(runs);
  const results: CellResult[] = [];
  for (const { name, labels } of experiment.cells) {
    const own = runs.filter(({ cell }) => cell === name);
    const [first] = own;
    const settings = varying.map((option) => [option, first?.record.settings[option]?.value]);
    const spread = (value: (run: RunResult) => number | undefined) => {
      return spreadOf(own.map(value).filter((found) => found !== undefined));
    };
    const measures = (Object.keys(MEASURES) as Measure[]).map((measure) => {
      return [measure, spread((run) => run.measures[measure])];
    });
    const peaks = own.flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes]));
    const isEnsemble = experiment.ensembles.includes(name);
    results.push({
      ...{ name, labels, runs: own },
      settings: first === undefined ? {} : Object.fromEntries(settings),
      measures: Object.fromEntries(measures),
      imagesPerSecond: spread((run) => run.imagesPerSecond)?.mean,
      seconds: spread(({ seconds }) => seconds)?.mean,
      peakBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
      ...(first === undefined ? UNKNOWN_COST : await costOf(first.record)),
      ensemble: isEnsemble ? await readEnsemble(experiment, { name }) : undefined,
    });
  }
  return results;
}

/** Settings that are not the same in all runs, the seed apart. */
function varyingSettings(runs: readonly RunResult[]): OptionName[] {
  const [first, ...others] = runs;
  return CELL_OPTIONS.filter((option) =>
    others.some(({ record }) => {
      const [one, other] = [first?.record.settings[option], record.settings[option]];
      return !isDeepStrictEqual(one?.value, other?.value);
    }),
  );
}
