import { stat } from 'node:fs/promises';
import { counted } from '../counted.js';
import { UsageError } from '../errors.js';
import { type Answers, computeAnswers, readAnswers } from '../evaluate/answers.js';
import { type Comparison, compare, type Difference } from '../evaluate/comparison.js';
import type { Candidate } from '../evaluate/opened-evaluation.js';
import { openTrainedModel } from '../evaluate/trained-model.js';
import { dataOf, evaluationSource } from '../runs/run-selection.js';
import type { Reporter } from '../session/reporter.js';
import { type Given, givenSources, givenValue } from '../settings/given.js';
import { resolveSettings, type SettingsSource } from '../settings/resolve.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';
import { required } from './require.js';

/** Differences that chance alone makes more seldom than this are taken for real. */
const LEVEL = 0.05;

interface Compared {
  readonly first: string;
  readonly second: string;
  readonly comparisons: readonly Comparison[];
}

/** `cnn compare RUN_A RUN_B`; either may be a file of `cnn eval --predictions`, or RUN+RUN. */
export async function runCompare(
  given: Given,
  reporter = createReporter(),
): Promise<Result<Compared>> {
  const sources = await givenSources('compare', given);
  const [first, second, ...others] = (given['runs'] as readonly unknown[]).map(String);
  if (first === undefined || second === undefined || others.length > 0) {
    const count = 2 + others.length - (second === undefined ? 1 : 0);
    throw new UsageError(`Expected two runs or files of predictions but received ${count}`);
  }
  const { allowDifferences } = resolveSettings('compare', sources).settings;
  const answers = [
    await answersOf(first, sources, reporter),
    await answersOf(second, sources, reporter),
  ] as const;
  const comparisons = compare(...answers, allowDifferences);
  return {
    lines: comparisons.flatMap((comparison) => lines(comparison, first, second)),
    json: { first, second, comparisons },
  };
}

async function answersOf(
  path: string,
  sources: readonly SettingsSource[],
  reporter: Reporter,
): Promise<Answers> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return readAnswers(path);
  const { ema } = resolveSettings('compare', sources).settings;
  // A directory may have a plus sign in its name.
  const [first = '', ...others] = found === undefined ? path.split('+') : [path];
  const trained = await openTrainedModel(first, null, ema);
  const { stored, architecture, record, run } = trained;
  const selection = evaluationSource(record, givenValue(sources, 'data'));
  const { settings } = resolveSettings('compare', [stored, selection, ...sources], architecture);
  const storedData = record && run && dataOf(record, { path: run });
  const data = required(settings.data ?? storedData, '--data', '--data mnist');
  const members: Candidate[] = [];
  for (const other of others) members.push(await memberOf(other, sources, ema));
  const candidates = [{ trained, view: settings }, ...members] as const;
  return computeAnswers(candidates, { ...settings, data }, path, reporter);
}

/** Another network of an ensemble, whose images are those of the first one. */
async function memberOf(
  path: string,
  sources: readonly SettingsSource[],
  ema: boolean,
): Promise<Candidate> {
  const trained = await openTrainedModel(path, null, ema);
  const { stored, architecture } = trained;
  return { trained, view: resolveSettings('compare', [stored, ...sources], architecture).settings };
}

function lines(
  { protocol, images, top1, top5 }: Comparison,
  first: string,
  second: string,
): string[] {
  return [
    protocol,
    `${counted(images, 'image')}; first ${first}, second ${second}`,
    ...differenceLines('top-1', top1),
    ...differenceLines('top-5', top5),
  ];
}

function differenceLines(name: string, found: Difference): string[] {
  const { first, second, difference, interval, only_first, only_second, p, mid_p } = found;
  const [low, high] = interval.map((bound) => signed(bound)) as [string, string];
  const verdict = p < LEVEL ? 'more than chance' : 'no more than chance may be';
  return [
    `${name} ${first.toFixed(3)} % and ${second.toFixed(3)} %: ${signed(difference)} points (95 %: ${low} to ${high}), ${verdict}`,
    `  right by the first alone ${only_first}, by the second alone ${only_second}; McNemar's exact binomial test, two-sided: p = ${probability(p)} (mid-p ${probability(mid_p)})`,
  ];
}

function signed(points: number): string {
  return `${points < 0 ? '' : '+'}${points.toFixed(2)}`;
}

function probability(p: number): string {
  return p < 1e-4 ? p.toExponential(1) : p.toFixed(4);
}
