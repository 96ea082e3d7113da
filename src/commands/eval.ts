import { type EvaluationResult, evaluate } from '../evaluate/evaluation.js';
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
  const data = required(settings.data ?? storedData, '--data', '--data mnist');
  const result = await evaluate(trained, { ...settings, data }, reporter);
  const { images, unreadable, loss } = result;
  const unread = unreadable === 0 ? '' : `, ${unreadable} of them unreadable and counted as wrong`;
  return {
    lines: [`${images} images${unread}, loss ${loss.toFixed(4)}`, accuracyLine(result)],
    json: { ...result, run: trained.run ?? null },
  };
}
