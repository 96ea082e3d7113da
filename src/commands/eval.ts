import { counted } from '../counted.js';
import { UsageError } from '../errors.js';
import { type EvaluationResult, evaluate, type ProtocolResult } from '../evaluate/evaluation.js';
import type { Candidate } from '../evaluate/opened-evaluation.js';
import { csvOf } from '../evaluate/result-files.js';
import type { Interval } from '../evaluate/statistics.js';
import { openTrainedModel } from '../evaluate/trained-model.js';
import { dataOf, evaluationSource } from '../runs/run-selection.js';
import { accuracyLine } from '../session/metrics.js';
import type { Given } from '../settings/given.js';
import { givenSources, givenValue } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';
import { givenModel } from './model.js';
import { required } from './require.js';

/** The result of an evaluation, with the directory of the run that it belongs to, if any. */
type Evaluated = EvaluationResult & { readonly run: string | null };

export async function runEval(
  given: Given,
  reporter = createReporter(),
): Promise<Result<Evaluated>> {
  const sources = await givenSources('eval', given);
  const trained = await givenModel(sources);
  const { stored, architecture, record, run } = trained;
  const selection = evaluationSource(record, givenValue(sources, 'data'));
  const storedData = record && run && dataOf(record, { path: run });
  const { settings } = resolveSettings('eval', [stored, selection, ...sources], architecture);
  if (settings.csv && given['json'] === true) {
    throw new UsageError('Expected --csv or --json, not both');
  }
  const data = required(settings.data ?? storedData, '--data', '--data mnist');
  const others: Candidate[] = [];
  for (const path of settings.ensemble ?? []) {
    const other = await openTrainedModel(path, null, settings.ema);
    const view = resolveSettings('eval', [other.stored, ...sources], other.architecture).settings;
    others.push({ trained: other, view });
  }
  const result = await evaluate(
    [{ trained, view: settings }, ...others],
    { ...settings, data },
    reporter,
  );
  return {
    lines: settings.csv ? csvLines(result) : result.results.flatMap((one) => lines(one, result)),
    json: { ...result, run: trained.run ?? null },
  };
}

/** The numbers with the protocol and the intervals, then the line that people grep for. */
function lines(result: ProtocolResult, { unreadable }: EvaluationResult): string[] {
  const { protocol, images, loss, real } = result;
  const unread = unreadable === 0 ? '' : `, ${unreadable} of them unreadable and counted as wrong`;
  return [
    protocol,
    `${counted(images, 'image')}${unread}, loss ${loss.toFixed(4)}, ${accuracies(result)}`,
    ...(real ? [`real labels of ${counted(real.images, 'image')}: ${accuracies(real)}`] : []),
    accuracyLine(result),
  ];
}

type Accuracies = Pick<ProtocolResult, 'top1' | 'top5' | 'top1_interval' | 'top5_interval'>;

function accuracies({ top1, top1_interval, top5, top5_interval }: Accuracies): string {
  const one = (name: string, value: number, [low, high]: Interval) =>
    `${name} ${value.toFixed(3)} % (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `${one('top-1', top1, top1_interval)}, ${one('top-5', top5, top5_interval)}`;
}

const SCORES = ['top1', 'top1_low', 'top1_high', 'top5', 'top5_low', 'top5_high'];
const COLUMNS = ['model', 'arch', 'data', 'protocol', 'images', 'unreadable', 'loss', ...SCORES];

function csvLines({ results, checkpoint, weights, arch, data, unreadable }: EvaluationResult) {
  const withReal = results.some(({ real }) => real !== undefined);
  const rows = results.map(({ protocol, images, loss, real, ...scores }) => ({
    ...{ model: checkpoint ?? weights ?? '', arch, data, protocol, images, unreadable },
    loss: loss.toFixed(6),
    ...fields(scores, ''),
    ...(real && { real_images: real.images, ...fields(real, 'real_') }),
  }));
  const real = withReal ? ['real_images', ...SCORES.map((name) => `real_${name}`)] : [];
  return csvOf([...COLUMNS, ...real], rows)
    .trimEnd()
    .split('\n');
}

function fields(scores: Accuracies, prefix: string): Record<string, string> {
  const named = (['top1', 'top5'] as const).flatMap((name) => {
    const [low, high] = scores[`${name}_interval`];
    const values = { [name]: scores[name], [`${name}_low`]: low, [`${name}_high`]: high };
    return Object.entries(values).map(([key, value]) => [`${prefix}${key}`, value.toFixed(3)]);
  });
  return Object.fromEntries(named);
}
